from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.control.attributes import Attributes
from tests.agent.control.fakes import Room

if TYPE_CHECKING:
    import pytest


def attributes_of(room: Any) -> Attributes:
    """Make the attributes of the agent in this room."""
    return Attributes(room)


async def test_two_changes_at_once_are_both_published() -> None:
    """Two attributes that change together are both published, and those set before the start are kept."""
    room = Room()
    attributes = attributes_of(room)
    attributes.tell(avatar="starting", stand_ins="deepgram")
    attributes.rename("Ada (agent)")
    attributes.start()
    attributes.tell(avatar="live")
    attributes.tell(ends_at="soon")
    await attributes.aclose()

    assert room.local_participant.attributes == {"avatar": "live", "stand_ins": "deepgram", "ends_at": "soon"}
    assert room.local_participant.names == ["Ada (agent)"]


async def test_of_fast_changes_the_last_is_published() -> None:
    """While one update is being sent, all later ones are merged into one."""
    room = Room()
    attributes = attributes_of(room)
    room.local_participant.is_open.clear()
    attributes.start()
    for number in range(100):
        attributes.tell(avatar=str(number), input="open")
    room.local_participant.is_open.set()
    await attributes.aclose()

    assert room.local_participant.told == [{"avatar": "99", "input": "open"}]


async def test_an_unchanged_attribute_is_not_published_twice() -> None:
    """It is published again only after a new connection."""
    room = Room()
    attributes = attributes_of(room)
    attributes.rename("Ada (agent)")
    attributes.start()
    for _ in range(2):
        attributes.tell(input="open")
        await attributes._outbox._is_empty.wait()
    assert room.local_participant.told == [{"input": "open"}]
    room.emit("reconnected")
    await attributes.aclose()

    assert room.local_participant.told == [{"input": "open"}] * 2
    assert room.local_participant.names == ["Ada (agent)"] * 2


async def test_an_attribute_that_could_not_be_published_goes_out_with_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A failed update logs a warning, and its values are not lost."""
    room = Room()
    attributes = attributes_of(room)
    room.local_participant.failures = 1
    attributes.start()
    attributes.tell(avatar="live")
    await attributes._outbox._is_empty.wait()
    attributes.tell(input="open")
    await attributes.aclose()

    assert room.local_participant.told == [{"avatar": "live", "input": "open"}]
    assert [each.levelname for each in caplog.records] == ["WARNING"]
