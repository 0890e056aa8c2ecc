"""The webhooks' events."""

from __future__ import annotations

from typing import get_args

from agent.reports.events import EVENTS, EventName, event_id


def test_every_event_has_its_contents() -> None:
    """The contents are found by the event's name."""
    assert set(EVENTS) == set(get_args(EventName))


def test_the_id_of_an_event_never_changes() -> None:
    """Another event of the same call has another id."""
    ids = [event_id("AJ_1", "avatar.live", number) for number in (0, 1, 0)]

    assert ids[0] == ids[2] != ids[1]
    assert event_id("AJ_2", "avatar.live", 0) not in ids
    assert ids[0].startswith("msg_")
