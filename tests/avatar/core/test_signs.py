"""Reading what the service says."""

import json

import pytest

from avatar.core.signs import Kind, Sign, read


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"type": "session.state_updated", "state": "new"}, Kind.OTHER),
        ({"type": "session.state_updated", "state": "connecting"}, Kind.OTHER),
        ({"type": "session.state_updated", "state": "connected"}, Kind.CONNECTED),
        ({"type": "session.state_updated", "state": "closing"}, Kind.SESSION_ENDED),
        ({"type": "session.state_updated", "state": "closed"}, Kind.SESSION_ENDED),
        ({"type": "session.state_updated", "state": "disconnected"}, Kind.SESSION_ENDED),
        ({"type": "agent.state_updated", "previous_state": "idle", "new_state": "talking"}, Kind.TALKING),
        ({"type": "agent.state_updated", "state": "listening"}, Kind.QUIET),
        ({"type": "agent.state_updated", "new_state": "dancing"}, Kind.OTHER),
        ({"type": "agent.speak_started"}, Kind.TALKING),
        ({"type": "agent.idle_ended", "task": {"id": "t1"}}, Kind.TALKING),
        ({"type": "agent.idle_started", "task": {"id": "t1"}}, Kind.QUIET),
        ({"type": "agent.speak_ended", "payload": {"source_event_id": "u1"}}, Kind.ENDED),
        ({"type": "agent.speak_interrupted"}, Kind.CLEARED),
        ({"type": "agent.audio_buffer_cleared"}, Kind.CLEARED),
        ({"type": "agent.audio_buffer_committed"}, Kind.COMMITTED),
        ({"type": "agent.audio_buffer_appended"}, Kind.APPENDED),
        ({"type": "agent.something_new"}, Kind.OTHER),
    ],
)
def test_every_dialect_is_understood(message: dict[str, object], kind: Kind) -> None:
    """All state names, speak_* or state_updated alone, tasks, nested payloads, and what nobody knows yet."""
    assert read(json.dumps(message)).kind is kind


def test_the_source_is_read_where_it_is() -> None:
    """The id of the command that an event answers, at the top or in a payload; anything but a string is none."""
    assert read('{"type":"agent.speak_ended","source_event_id":"u1"}').source == "u1"
    assert read('{"type":"agent.speak_ended","payload":{"source_event_id":"u1"}}').source == "u1"
    assert read('{"type":"agent.speak_ended","source_event_id":5}').source is None


def test_a_complaint_tells_its_type_and_words() -> None:
    """Errors and warnings keep what the service says, cut to 200 characters."""
    body = {"type": "video_starvation", "message": "x" * 500}

    assert read(json.dumps({"type": "error", "error": body})) == Sign(
        Kind.FAULT, source="error/video_starvation", detail="x" * 200
    )


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "{}", '{"type":1}', "[" * 100_000])
def test_what_is_no_message_is_unreadable(text: str) -> None:
    """Garbage is a value, not an exception."""
    assert read(text).kind is Kind.UNREADABLE
