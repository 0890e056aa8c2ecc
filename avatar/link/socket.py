"""The WebSockets to sessions, which carry the machine's commands and the service's events."""

import asyncio
import contextlib
import logging
import socket
from typing import Literal

import aiohttp

from avatar.core import OpenSocket, to_json
from avatar.link.driver import Driver
from avatar.link.tasks import Tasks
from avatar.recording import RecordedSocket, Recorder

logger = logging.getLogger("avatar")

_OPEN_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 2.0

# Handshake statuses after which the session accepts no other WebSocket.
_SESSION_OVER = {401, 403, 404, 410}

# Limit for the peer's TCP to acknowledge data: the kernel notices a line that is cut silently, while a service that
# delays its pongs under load, as this one does (field observation 41), is not disconnected.
_ACKNOWLEDGED_WITHIN_MS = 8_000


class SocketExecutor:
    """The executor of `OpenSocket` and `CloseSocket`, with one WebSocket for each session.

    Args:
        driver: Driver of the machine that asks for them.
        http: HTTP session that opens them.
        recorder: Records their messages.
    """

    def __init__(self, driver: Driver, http: aiohttp.ClientSession, recorder: Recorder) -> None:
        self._driver = driver
        self._machine = driver.machine
        self._http = http
        self._recorder = recorder
        self._urls: dict[int, str] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self._tasks = Tasks()

    def set_url(self, session: int, ws_url: str) -> None:
        """Set the URL of a session's WebSocket. The URL is the credential: it is not logged."""
        self._urls[session] = ws_url

    def open(self, action: OpenSocket) -> None:
        """Open a WebSocket, and use it until it is lost or closed."""
        session = action.session
        self.close(session)
        self._running[session] = self._tasks.start(
            self._run(session), "avatar_socket", lambda error: self._report_loss(session, type(error).__name__)
        )

    def close(self, session: int) -> None:
        """Close the WebSocket of a session, or give up opening it."""
        if (running := self._running.pop(session, None)) is not None:
            running.cancel()

    async def aclose(self, limit: float) -> None:
        """Close all WebSockets; takes `limit` seconds at most."""
        await self._tasks.aclose(limit)

    async def _run(self, session: int) -> None:
        detail, is_over = await self._connect(session)
        self._report_loss(session, detail, is_over=is_over)

    def _report_loss(self, session: int, detail: str, *, is_over: bool = False) -> None:
        with self._driver.step() as now:
            self._machine.socket_lost(session, detail, now, session_over=is_over)

    async def _connect(self, session: int) -> tuple[str, bool]:
        """Open a WebSocket and use it until it ends; return why it ended, and whether the session is over."""
        # No heartbeat: see _ACKNOWLEDGED_WITHIN_MS.
        timeout = aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT_S)
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT_S):
                websocket = await self._http.ws_connect(self._urls[session], timeout=timeout)
        except aiohttp.WSServerHandshakeError as error:
            self._recorder.opened(self._urls[session], status=error.status)
            return f"the avatar's WebSocket was refused with status {error.status}", error.status in _SESSION_OVER
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self._recorder.opened(self._urls[session], status=None)
            return f"the avatar's WebSocket can't be opened: {type(error).__name__}", False
        async with websocket:
            _expect_acknowledgements(websocket)
            recorded = self._recorder.opened(self._urls[session])
            with self._driver.step() as now:
                self._machine.socket_opened(session, now)
            by: Literal["client", "service"] = "client"
            try:
                detail = await self._carry(session, websocket, recorded)
                by = "service"
            finally:
                recorded.closed(websocket.close_code, by=by)
            return detail, False

    async def _carry(self, session: int, websocket: aiohttp.ClientWebSocketResponse, recorded: RecordedSocket) -> str:
        """Read and write until either ends; return the reason."""
        reading = asyncio.create_task(self._read(session, websocket, recorded), name="avatar_read")
        writing = asyncio.create_task(self._write(session, websocket, recorded), name="avatar_write")
        try:
            done, _ = await asyncio.wait({reading, writing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            reading.cancel()
            writing.cancel()
            await asyncio.gather(reading, writing, return_exceptions=True)
        return done.pop().result()

    async def _read(self, session: int, websocket: aiohttp.ClientWebSocketResponse, recorded: RecordedSocket) -> str:
        async for message in websocket:
            if message.type is aiohttp.WSMsgType.TEXT:
                recorded.received(message.data)
                self._driver.receive_text(session, message.data)
        return f"the avatar's WebSocket was closed with code {websocket.close_code}"

    async def _write(self, session: int, websocket: aiohttp.ClientWebSocketResponse, recorded: RecordedSocket) -> str:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            async with contextlib.aclosing(self._driver.session_commands(session)) as commands:
                async for command in commands:
                    text = to_json(command)
                    recorded.sent(text)
                    await websocket.send_str(text)
        return "the avatar's WebSocket takes no more"


def _expect_acknowledgements(websocket: aiohttp.ClientWebSocketResponse) -> None:
    line = websocket.get_extra_info("socket")
    # Only Linux has this option.
    if line is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _ACKNOWLEDGED_WITHIN_MS)
