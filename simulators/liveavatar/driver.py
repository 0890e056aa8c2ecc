"""Runs a model on the event loop: passes it the clients' actions, and carries out its happenings."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Protocol

from aiohttp import web

from simulators.faults.fault import SocketFault
from simulators.liveavatar.connection import Connection
from simulators.liveavatar.model import (
    Happening,
    Replied,
    SocketClosed,
    SocketOpened,
    SocketRefused,
    SocketStruck,
    SocketText,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Mapping

    from simulators.liveavatar.ticker import Ticker

# Shortest wait of the timer, in seconds: the clock may stand still for a moment.
SHORTEST_WAIT = 0.001


class Model(Protocol):
    """The part of a model that a driver needs; all times are seconds of one clock."""

    def next_at(self) -> float | None:
        """Return when `advance` is due; None for never."""

    def advance(self, now: float) -> Iterable[Happening]:
        """Do everything that is due, and return the happenings to carry out."""

    def request(self, method: str, path: str, headers: Mapping[str, str], body: object, now: float) -> int:
        """Take a REST request, and return its number."""

    def open_socket(self, url: str, now: float) -> int:
        """Take a WebSocket handshake, and return its number."""

    def receive(self, socket_id: int, frame: str | bytes, now: float) -> None:
        """Take a frame."""

    def close_socket(self, socket_id: int, now: float) -> None:
        """Take the close of a WebSocket by its client."""


class Driver:
    """Drives a model.

    Args:
        model: Decides everything.
        clock: The model's clock.
    """

    def __init__(self, model: Model, clock: Ticker) -> None:
        self.clock = clock
        self._model = model
        self._replies: dict[int, asyncio.Future[Replied]] = {}
        self._connections: dict[int, Connection] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def beat(self) -> None:
        """Keep the clock going."""
        while True:
            await self.clock.tick()

    def pump(self) -> None:
        """Carry out the model's happenings, and set the timer for the next ones."""
        for happening in self._model.advance(self.clock.now):
            self._carry_out(happening)
        if self._timer is not None:
            self._timer.cancel()
        if (at := self._model.next_at()) is not None:
            wait = max(at - self.clock.now, SHORTEST_WAIT)
            self._timer = asyncio.get_running_loop().call_later(wait, self.pump)

    async def call(self, method: str, path: str, headers: Mapping[str, str], body: object) -> Replied:
        """Pass on a REST request and wait for its answer."""
        request_id = self._model.request(method, path, headers, body, self.clock.now)
        reply: asyncio.Future[Replied] = asyncio.get_running_loop().create_future()
        self._replies[request_id] = reply
        self.pump()
        return await reply

    def open_socket(self, ws_key: str) -> Connection:
        """Pass on a WebSocket handshake; its result is `opened` of the connection."""
        connection = Connection(self._model.open_socket(ws_key, self.clock.now))
        self._connections[connection.socket_id] = connection
        self.pump()
        return connection

    def receive(self, connection: Connection, frame: str | bytes) -> None:
        """Pass on a client's frame."""
        self._model.receive(connection.socket_id, frame, self.clock.now)
        self.pump()

    def close_socket(self, connection: Connection) -> None:
        """Note that a client is gone."""
        self._model.close_socket(connection.socket_id, self.clock.now)
        self._connections.pop(connection.socket_id, None)
        self.pump()

    async def aclose(self) -> None:
        """Stop; requests that still wait for an answer are cancelled."""
        if self._timer is not None:
            self._timer.cancel()
        for reply in self._replies.values():
            reply.cancel()

    def _carry_out(self, happening: Happening) -> None:
        if isinstance(happening, Replied):
            reply = self._replies.pop(happening.request_id)
            if not reply.done():
                reply.set_result(happening)
        elif isinstance(happening, SocketOpened | SocketRefused | SocketText | SocketStruck | SocketClosed):
            connection = self._connections.get(happening.socket_id)
            if connection is not None:
                _tell(connection, happening)


DRIVER = web.AppKey("driver", Driver)


def install_driver(app: web.Application, driver: Driver) -> None:
    """Let a driver live as long as an application."""
    app[DRIVER] = driver
    app.on_shutdown.append(_end)
    app.cleanup_ctx.append(_keep_time)


async def _end(app: web.Application) -> None:
    await app[DRIVER].aclose()


async def _keep_time(app: web.Application) -> AsyncIterator[None]:
    beating = asyncio.create_task(app[DRIVER].beat())
    yield
    beating.cancel()
    with suppress(asyncio.CancelledError):
        await beating


def _tell(
    connection: Connection, happening: SocketOpened | SocketRefused | SocketText | SocketStruck | SocketClosed
) -> None:
    match happening:
        case SocketOpened():
            _decide(connection, None)
        case SocketRefused(_, status):
            _decide(connection, status)
        case SocketText(_, text):
            connection.send(text)
        case SocketStruck(_, fault) if isinstance(fault, SocketFault):
            connection.suffer(fault)
        case SocketClosed(_, code):
            connection.close(code)


def _decide(connection: Connection, status: int | None) -> None:
    with suppress(asyncio.InvalidStateError):  # its client did not wait
        connection.opened.set_result(status)
