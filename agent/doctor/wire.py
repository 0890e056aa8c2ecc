"""The WebSocket of a test call: sends speech, records both directions, and reports the service's events."""

import asyncio
import json
import time
from typing import Self

import aiohttp

from agent.doctor.moments import Moments
from agent.doctor.recorded import Message
from avatar.core import Command, Interrupt, Speak, SpeakEnd, to_json
from avatar.errors import ConnectionLost
from avatar.recording import RecordedSocket, Recorder

_OPEN_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 2.0

_BYTES_PER_SECOND = 48_000
# The same chunks as in a call: 400 ms for an early start, then a second at a time.
_FIRST_CHUNK = round(0.4 * _BYTES_PER_SECOND)
_CHUNK = _BYTES_PER_SECOND


class Wire:
    """One WebSocket, open as long as `async with` lasts.

    Args:
        http: Opens it.
        ws_url: Of the session; it contains a credential.
        recorder: Records every message.
        moments: Counts `connected`, `started`, `ended`, `cleared` and `closed`.
    """

    def __init__(self, http: aiohttp.ClientSession, ws_url: str, recorder: Recorder, moments: Moments) -> None:
        self._http = http
        self._url = ws_url
        self._recorder = recorder
        self._moments = moments
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._line: RecordedSocket | None = None
        self._reading: asyncio.Task[None] | None = None
        self._commands = 0

    async def __aenter__(self) -> Self:
        """Open the WebSocket.

        Raises:
            ConnectionLost: It can't be opened.
        """
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                timeout = aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT_S)
                self._socket = await self._http.ws_connect(self._url, timeout=timeout)
        except aiohttp.WSServerHandshakeError as error:
            self._recorder.opened(self._url, status=error.status)
            message = f"the WebSocket was refused with {error.status}"
            raise ConnectionLost(message) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._recorder.opened(self._url, status=None)
            message = f"the WebSocket can't be opened: {type(error).__name__}"
            raise ConnectionLost(message) from None
        self._line = self._recorder.opened(self._url)
        self._reading = asyncio.create_task(self._read(self._socket, self._line))
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._socket is None or self._reading is None or self._line is None:
            return
        if not self._socket.closed:
            self._line.closed(1000, by="client")
        await self._socket.close()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def speak(self, pcm: bytes) -> None:
        """Send speech and its end, all at once, since the service plays from its own buffer."""
        event_id = self._mint("speech")
        begin, size = 0, _FIRST_CHUNK
        while begin < len(pcm):
            await self._send(Speak(event_id, pcm[begin : begin + size]))
            begin, size = begin + size, _CHUNK
        await self._send(SpeakEnd(event_id))

    async def interrupt(self) -> None:
        """Drop the speech that is playing or queued."""
        await self._send(Interrupt(self._mint("interrupt")))

    def _mint(self, kind: str) -> str:
        self._commands += 1
        return f"doctor-{time.time_ns():x}-{kind}-{self._commands}"

    async def _send(self, command: Command) -> None:
        if self._socket is None or self._line is None:
            return
        text = to_json(command)
        self._line.sent(text)
        try:
            await self._socket.send_str(text)
        except (aiohttp.ClientError, OSError) as error:
            message = f"the WebSocket can't send any more: {type(error).__name__}"
            raise ConnectionLost(message) from None

    async def _read(self, socket: aiohttp.ClientWebSocketResponse, line: RecordedSocket) -> None:
        async for message in socket:
            if message.type in {aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY}:
                line.received(message.data)
                self._tell(message.data)
        line.closed(socket.close_code, by="service")
        self._moments.saw("closed")

    def _tell(self, data: str | bytes) -> None:
        try:
            fields = json.loads(data)
        except (ValueError, RecursionError):
            return
        if not isinstance(fields, dict):
            return
        message = Message(0.0, is_ours=False, fields=fields)
        told = {
            "connected": message.tells_connected,
            "started": message.tells_started,
            "ended": message.tells_ended,
            "cleared": message.tells_cleared,
        }
        for name, is_told in told.items():
            if is_told:
                self._moments.saw(name)
