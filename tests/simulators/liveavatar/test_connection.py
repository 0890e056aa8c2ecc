"""Writing to a client's socket."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from simulators.faults import FaultPlan
from simulators.faults.injection import Injection
from simulators.faults.socket import FaultySocket
from simulators.liveavatar.connection import OUTBOX_MESSAGES, Connection

if TYPE_CHECKING:
    from collections.abc import Callable


class SlowSocket(FaultySocket):
    """A socket whose client reads only when it is let."""

    def __init__(self) -> None:
        super().__init__(Injection(FaultPlan(), "liveavatar"))
        self.reads = asyncio.Event()
        self.waits = asyncio.Event()
        self.sent: list[Any] = []

    async def send_json(
        self, data: Any, compress: int | None = None, *, dumps: Callable[[Any], str] | None = None
    ) -> None:
        """Note what is sent, as soon as the client reads."""
        self.waits.set()
        await self.reads.wait()
        self.sent.append(data)


class LostSocket(FaultySocket):
    """A socket whose client is gone."""

    def __init__(self) -> None:
        super().__init__(Injection(FaultPlan(), "liveavatar"))

    async def send_json(
        self, data: Any, compress: int | None = None, *, dumps: Callable[[Any], str] | None = None
    ) -> None:
        """Fail as aiohttp does."""
        raise ConnectionResetError


async def test_messages_wait_in_order_when_the_client_is_slow() -> None:
    """What was sent before the close is written before `write` returns."""
    socket = SlowSocket()
    connection = Connection(socket)
    writing = asyncio.create_task(connection.write())
    connection.send([{"n": 1}])
    await socket.waits.wait()
    connection.send([{"n": 2}, {"n": 3}])
    connection.close()
    socket.reads.set()
    await writing

    assert socket.sent == [{"n": 1}, {"n": 2}, {"n": 3}]


async def test_oldest_messages_are_lost_when_the_client_does_not_read() -> None:
    """The outbox is bounded, and what is latest counts."""
    socket = SlowSocket()
    connection = Connection(socket)
    writing = asyncio.create_task(connection.write())
    connection.send({"n": n} for n in range(OUTBOX_MESSAGES + 5))
    connection.close()
    socket.reads.set()
    await writing

    assert [message["n"] for message in socket.sent] == list(range(5, OUTBOX_MESSAGES + 5))


async def test_writing_ends_when_the_client_is_gone() -> None:
    """A lost client is no error."""
    connection = Connection(LostSocket())
    connection.send([{"n": 1}])

    await connection.write()
