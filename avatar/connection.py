"""The WebSocket to the service: carries the core's commands there, and its events back."""

import asyncio
import contextlib
import socket
from functools import partial

import aiohttp

from avatar.core import to_json
from avatar.errors import ConnectionLost
from avatar.playback import Playback

_OPEN_TIMEOUT = 10.0
_CLOSE_TIMEOUT = 2.0
_SESSION_GONE = {401, 403, 404, 410}
# Answers to the WebSocket's upgrade after which this session will not take another.

_ACKNOWLEDGED_WITHIN_MS = 8_000
# For the peer's TCP to confirm what it was sent: a line that is cut without a word is found out by the kernel, while a
# service that stalls its pongs under load, as this one does, is left alone.


class AvatarConnection:
    """One WebSocket at a time.

    Args:
        playback: Whose commands are carried.
        http: The HTTP session that opens WebSockets.
    """

    def __init__(self, playback: Playback, http: aiohttp.ClientSession) -> None:
        self._playback = playback
        self._core = playback.core
        self._http = http
        self._lost: asyncio.Future[ConnectionLost] | None = None

    async def open(self, ws_url: str) -> aiohttp.ClientWebSocketResponse:
        """Open a WebSocket for `run`.

        Raises:
            ConnectionLost: It can't be opened; without the URL, which is the credential.
        """
        # No heartbeat: the service is known to stall its pongs under load, and to be fine.
        timeout = aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT)
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT):
                opened = await self._http.ws_connect(ws_url, timeout=timeout)
        except aiohttp.WSServerHandshakeError as error:
            reason = f"the avatar's WebSocket was refused with {error.status}"
            raise ConnectionLost(reason, session_over=error.status in _SESSION_GONE) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reason = f"the avatar's WebSocket can't be opened: {type(error).__name__}"
            raise ConnectionLost(reason) from None
        _expect_acknowledgements(opened)
        return opened

    async def run(self, websocket: aiohttp.ClientWebSocketResponse) -> ConnectionLost:
        """Carry the core on this WebSocket until it is lost or `hang_up` is called.

        Returns:
            Why it is over.
        """
        self._lost = asyncio.get_running_loop().create_future()
        async with websocket:
            self._playback.act(self._core.connection_opened)
            ways = (self._read(websocket), self._write(websocket), self._lost)
            tasks = [asyncio.ensure_future(way) for way in ways]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self._playback.act(self._core.connection_lost)
            return done.pop().result()

    def hang_up(self, reason: str, *, session_over: bool = False) -> None:
        """Give up the WebSocket, if there is one."""
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(ConnectionLost(reason, session_over=session_over))

    async def _read(self, websocket: aiohttp.ClientWebSocketResponse) -> ConnectionLost:
        async for message in websocket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self._playback.act(partial(self._core.receive_text, message.data))
        return ConnectionLost(f"the avatar's WebSocket was closed, code {websocket.close_code}")

    async def _write(self, websocket: aiohttp.ClientWebSocketResponse) -> ConnectionLost:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with contextlib.aclosing(self._playback.commands(self._core.next_command)) as commands:
                async for command in commands:
                    await websocket.send_str(to_json(command))
        return ConnectionLost("the avatar's WebSocket takes no more")


def _expect_acknowledgements(websocket: aiohttp.ClientWebSocketResponse) -> None:
    line = websocket.get_extra_info("socket")
    if line is not None and hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _ACKNOWLEDGED_WITHIN_MS)
