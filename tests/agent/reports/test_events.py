"""The webhooks' events."""

from __future__ import annotations

from typing import get_args

from agent.reports.events import EVENTS, EventName, event_id


def test_every_event_has_its_contents() -> None:
    """By its name."""
    assert set(EVENTS) == set(get_args(EventName))


def test_an_id_is_the_same_whenever_it_is_made() -> None:
    """And another one for another event of the same call."""
    ids = [event_id("AJ_1", "avatar.live", number) for number in (0, 1, 0)]

    assert ids[0] == ids[2] != ids[1]
    assert event_id("AJ_2", "avatar.live", 0) not in ids
    assert ids[0].startswith("msg_")
