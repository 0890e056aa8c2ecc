"""Writing to a client's socket."""

from __future__ import annotations

import asyncio

from simulators.faults import FaultPlan
from simulators.faults.injection import Injection
from simulators.faults.socket import FaultySocket
from simulators.liveavatar.connection import OUTBOX_MESSAGES, Connection


class SlowSocket(FaultySocket):
    """A socket whose client reads only when the test allows it."""

    def __init__(self) -> None:
        super().__init__(Injection(FaultPlan(), "liveavatar"))
        self.reads = asyncio.Event()
        self.waits = asyncio.Event()
        self.sent: list[str] = []

    async def send_str(self, data: str, compress: int | None = None) -> None:
        """Note the sent message, as soon as the client reads."""
        self.waits.set()
        await self.reads.wait()
        self.sent.append(data)


class LostSocket(FaultySocket):
    """A socket whose client is gone."""

    def __init__(self) -> None:
        super().__init__(Injection(FaultPlan(), "liveavatar"))

    async def send_str(self, data: str, compress: int | None = None) -> None:
        """Fail as aiohttp does."""
        raise ConnectionResetError


async def test_messages_wait_in_order_when_the_client_is_slow() -> None:
    """Messages before the close are written before `write` returns."""
    socket = SlowSocket()
    connection = Connection(1)
    writing = asyncio.create_task(connection.write(socket))
    connection.send("1")
    await socket.waits.wait()
    connection.send("2")
    connection.send("3")
    connection.close(1000)
    socket.reads.set()
    await writing

    assert socket.sent == ["1", "2", "3"]


async def test_oldest_messages_are_lost_when_the_client_does_not_read() -> None:
    """The outbox is bounded, and the latest messages count."""
    socket = SlowSocket()
    connection = Connection(1)
    writing = asyncio.create_task(connection.write(socket))
    for number in range(OUTBOX_MESSAGES + 5):
        connection.send(str(number))
    connection.close(1000)
    socket.reads.set()
    await writing

    assert socket.sent == [str(number) for number in range(5, OUTBOX_MESSAGES + 5)]


async def test_writing_ends_when_the_client_is_gone() -> None:
    """A lost client is not an error."""
    connection = Connection(1)
    connection.send("1")

    await connection.write(LostSocket())
