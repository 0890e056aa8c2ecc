from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.control.events import EVENTS, LONGEST_TEXT, Events, FailureEvent, SaidEvent, SentenceEvent, TurnEvent
from tests.agent.control.fakes import Room


def events_of(room: Any) -> Events:
    """Make the events of the agent in this room."""
    return Events(room, now=lambda: 1.5)


async def test_events_have_numbers_and_times() -> None:
    """Events are numbered in order, and carry the version of the protocol."""
    room = Room()
    events = events_of(room)
    events.tell(FailureEvent(source="thinking", message="No."))
    events.tell(TurnEvent(turn=1, by="text", stages={"first_token": 0.62499}))
    events.start()
    await events.aclose()

    assert room.local_participant.packets == [
        {"v": 1, "seq": 1, "at": 1500, "type": "error", "source": "thinking", "message": "No."},
        {"v": 1, "seq": 2, "at": 1500, "type": "turn", "turn": 1, "by": "text", "stages": {"first_token": 0.625}},
    ]


async def test_of_too_many_events_the_newest_are_sent_and_the_gap_shows() -> None:
    """When old events are dropped, the gap in `seq` shows how many."""
    room = Room()
    events = events_of(room)
    for _ in range(300):
        events.tell(FailureEvent(source="thinking", message="No."))
    events.start()
    await events.aclose()

    assert [packet["seq"] for packet in room.local_participant.packets] == list(range(45, 301))


@given(st.text(min_size=LONGEST_TEXT, max_size=LONGEST_TEXT * 2) | st.just("\0" * 9_000) | st.just("\ud800" * 9_000))
def test_no_text_is_too_long_for_a_packet(text: str) -> None:
    """A text is cut to the size of a packet, whatever its characters."""
    events = events_of(Room())
    events.tell(SaidEvent(text=text, interrupted=False))
    events.tell(SentenceEvent(text=text, state="finished", played=1.0))

    assert all(len(packet) < 15_000 for packet in events._outbox._items)


def test_every_kind_of_event_has_a_type_of_its_own() -> None:
    """Front ends tell the events apart by it."""
    types = [event.model_fields["type"].default for event in EVENTS]

    assert sorted(set(types)) == sorted(types)
