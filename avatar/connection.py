"""The shell around the core: feeds it, sends what it has, dispatches its events, re-arms its one timer."""

import asyncio
import contextlib
from collections.abc import Callable
from functools import partial

import aiohttp

from avatar.core import AvatarProtocol, Event, to_json
from avatar.errors import ConnectionLost

_OPEN_TIMEOUT = 10.0
_CLOSE_TIMEOUT = 2.0
_SESSION_GONE = {401, 403, 404, 410}
# Answers to the WebSocket's upgrade after which this session will not take another.


class AvatarConnection:
    """One protocol, and one WebSocket at a time to carry it.

    Args:
        core: The protocol. Between the calls of `act` it is touched by nobody else.
        on_event: Called with each event, in order, in the event loop; it must not raise.
        http: The HTTP session that opens WebSockets.
    """

    def __init__(self, core: AvatarProtocol, on_event: Callable[[Event], None], http: aiohttp.ClientSession) -> None:
        self.core = core
        self._on_event = on_event
        self._http = http
        self._loop = asyncio.get_running_loop()
        self._has_work = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at: float | None = None
        self._hang_up: asyncio.Future[ConnectionLost] | None = None

    def act(self, step: Callable[[float], None]) -> None:
        """Let the core take a step at the present time, and carry on with what came of it."""
        step(self._loop.time())
        self._settle()
        self._has_work.set()

    async def run(self, ws_url: str) -> None:
        """Open the WebSocket and carry the protocol until it is lost or `hang_up` is called.

        Raises:
            ConnectionLost: Always in the end; without the URL, which is the credential.
        """
        self._hang_up = self._loop.create_future()
        async with await self._open(ws_url) as socket:
            self.act(self.core.connection_opened)
            tasks = [asyncio.ensure_future(task) for task in (self._read(socket), self._write(socket), self._hang_up)]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
                self.act(self.core.connection_lost)
            raise done.pop().result()

    def hang_up(self, reason: str, *, session_over: bool = False) -> None:
        """Give up the WebSocket, if there is one."""
        if self._hang_up is not None and not self._hang_up.done():
            self._hang_up.set_result(ConnectionLost(reason, session_over=session_over))

    def aclose(self) -> None:
        """There will be no WebSocket any more: everything captured is finished, and no timer is left."""
        self.act(self.core.close)
        if self._timer is not None:
            self._timer.cancel()

    async def _open(self, ws_url: str) -> aiohttp.ClientWebSocketResponse:
        # No heartbeat: the service is known to stall its pongs under load, and to be fine.
        timeout = aiohttp.ClientWSTimeout(ws_close=_CLOSE_TIMEOUT)
        try:
            async with asyncio.timeout(_OPEN_TIMEOUT):
                return await self._http.ws_connect(ws_url, timeout=timeout)
        except aiohttp.WSServerHandshakeError as error:
            reason = f"the avatar's WebSocket was refused with {error.status}"
            raise ConnectionLost(reason, session_over=error.status in _SESSION_GONE) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            reason = f"the avatar's WebSocket can't be opened: {type(error).__name__}"
            raise ConnectionLost(reason) from None

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> ConnectionLost:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.TEXT:
                self.act(partial(self.core.receive_text, message.data))
        return ConnectionLost(f"the avatar's WebSocket was closed, code {socket.close_code}")

    async def _write(self, socket: aiohttp.ClientWebSocketResponse) -> ConnectionLost:
        with contextlib.suppress(aiohttp.ClientError, OSError):
            while True:
                await self._has_work.wait()
                self._has_work.clear()
                while (command := self.core.next_command(self._loop.time())) is not None:
                    await socket.send_str(to_json(command))
                self._settle()
        return ConnectionLost("the avatar's WebSocket takes no more")

    def _settle(self) -> None:
        for event in self.core.events():
            self._on_event(event)
        timeout_at = self.core.next_timeout()
        if timeout_at == self._timer_at:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = timeout_at
        self._timer = None if timeout_at is None else self._loop.call_at(timeout_at, self._on_timer)

    def _on_timer(self) -> None:
        # A timer may fire a little early; the core is told the time that it asked for.
        now = max(self._loop.time(), self._timer_at or 0.0)
        self._timer = self._timer_at = None
        self.core.handle_timeout(now)
        self._settle()
        self._has_work.set()
