from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from agent.control.outbox import Outbox

if TYPE_CHECKING:
    import pytest


class Wire:
    """A room that accepts numbers while it is open, and fails for the unlucky one."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.is_open = asyncio.Event()

    async def send(self, number: int) -> None:
        await self.is_open.wait()
        if number == 13:
            message = "unlucky"
            raise ConnectionError(message)
        self.sent.append(number)


async def test_items_go_out_in_order_and_a_failure_does_not_stop_them(caplog: pytest.LogCaptureFixture) -> None:
    """Events queued before the start are sent too; a failed send is logged and the next one follows."""
    wire = Wire()
    outbox = Outbox(wire.send, most=10)
    outbox.put(12)
    outbox.start()
    for number in (13, 14):
        outbox.put(number)
    wire.is_open.set()
    await outbox.aclose()

    assert wire.sent == [12, 14]
    [record] = caplog.records
    assert record.getMessage() == "something could not be sent into the room"
    assert record.__dict__["error"] == "ConnectionError"


async def test_a_full_outbox_drops_the_oldest() -> None:
    """Newer events have replaced the dropped ones."""
    wire = Wire()
    outbox = Outbox(wire.send, most=2)
    for number in range(5):
        outbox.put(number)
    outbox.start()
    wire.is_open.set()
    await outbox.aclose()

    assert wire.sent == [3, 4]


async def test_a_blocked_room_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing waits a limited time for a room that accepts nothing."""
    monkeypatch.setattr("agent.control.outbox._CLOSE_TIMEOUT", 0.01)
    outbox = Outbox(Wire().send, most=2)
    outbox.put(1)
    outbox.start()
    await outbox.aclose()

    assert outbox._sending is not None
    assert outbox._sending.done()


async def test_an_outbox_that_was_never_started_can_be_closed() -> None:
    """A call may end before it has a room."""
    outbox = Outbox(Wire().send, most=2)
    outbox.put(1)
    await outbox.aclose()
