"""Parsing the service's messages."""

import json

import pytest

from avatar.core.server_events import EventKind, ServerEvent, parse_event


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"type": "session.state_updated", "state": "new"}, EventKind.OTHER),
        ({"type": "session.state_updated", "state": "connecting"}, EventKind.OTHER),
        ({"type": "session.state_updated", "state": "connected"}, EventKind.CONNECTED),
        ({"type": "session.state_updated", "state": "closing"}, EventKind.SESSION_ENDED),
        ({"type": "session.state_updated", "state": "closed"}, EventKind.SESSION_ENDED),
        ({"type": "session.state_updated", "state": "disconnected"}, EventKind.SESSION_ENDED),
        ({"type": "agent.state_updated", "previous_state": "idle", "new_state": "talking"}, EventKind.STARTED),
        ({"type": "agent.state_updated", "state": "listening"}, EventKind.SILENT),
        ({"type": "agent.state_updated", "new_state": "dancing"}, EventKind.OTHER),
        ({"type": "agent.speak_started"}, EventKind.STARTED),
        ({"type": "agent.idle_ended", "task": {"id": "t1"}}, EventKind.STARTED),
        ({"type": "agent.idle_started", "task": {"id": "t1"}}, EventKind.SILENT),
        ({"type": "agent.speak_ended", "payload": {"source_event_id": "u1"}}, EventKind.ENDED),
        ({"type": "agent.speak_interrupted"}, EventKind.CLEARED),
        ({"type": "agent.audio_buffer_cleared"}, EventKind.CLEARED),
        ({"type": "agent.audio_buffer_committed"}, EventKind.COMMITTED),
        ({"type": "agent.audio_buffer_appended"}, EventKind.APPENDED),
        ({"type": "agent.something_new"}, EventKind.OTHER),
    ],
)
def test_every_dialect_is_understood(message: dict[str, object], kind: EventKind) -> None:
    """All state names, speak_* or state_updated alone, task ids, nested payloads, and unknown events are parsed."""
    assert parse_event(json.dumps(message)).kind is kind


def test_the_source_id_is_read_wherever_it_is() -> None:
    """The id of the command that an event answers is at the top or in a payload; only a string counts."""
    assert parse_event('{"type":"agent.speak_ended","source_event_id":"u1"}').source == "u1"
    assert parse_event('{"type":"agent.speak_ended","payload":{"source_event_id":"u1"}}').source == "u1"
    assert parse_event('{"type":"agent.speak_ended","source_event_id":5}').source is None


def test_a_fault_keeps_its_type_and_message() -> None:
    """Errors and warnings keep the service's message, cut to 200 characters."""
    body = {"type": "video_starvation", "message": "x" * 500}

    assert parse_event(json.dumps({"type": "error", "error": body})) == ServerEvent(
        EventKind.FAULT, source="error/video_starvation", detail="x" * 200
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "{}", '{"type":1}', "[" * 100_000])
def test_garbage_becomes_an_unreadable_event(text: str) -> None:
    """Garbage is parsed to a value and raises nothing."""
    assert parse_event(text).kind is EventKind.UNREADABLE
