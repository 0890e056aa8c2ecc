"""Parsing a recording."""

from __future__ import annotations

import pytest

from simulators.liveavatar.replay import RecordingError, read_recording
from tests.simulators.liveavatar.replay.recorded import TALK, example, lines


def test_example_of_the_documentation_is_read() -> None:
    """The example has two calls with their answers, and a WebSocket with its cues."""
    recording = read_recording(example())
    token, start = recording.calls
    (socket,) = recording.sockets

    assert (token.path, token.status, round(token.takes, 3)) == ("/v1/sessions/token", 200, 0.557)
    assert (start.path, start.status) == ("/v1/sessions/start", 201)
    assert [cue.kind for cue in socket.cues] == [None, "agent.speak", "agent.speak_end"]
    assert [answer["type"] for _, answer in socket.cues[1].answers] == ["agent.speak_started"]
    assert socket.cues[1].answers[0][0] == pytest.approx(0.619)


def test_each_message_of_the_service_belongs_to_the_message_before_it() -> None:
    """A message's delay counts from there; the same holds for the close."""
    (socket,) = read_recording(TALK).sockets
    last = socket.cues[-1]

    assert [round(later, 3) for later, _ in last.answers] == [0.2, 0.3]
    assert last.close == (1.0, 4001)


def test_calls_may_overlap_and_stay_unanswered() -> None:
    """A reply has the number of its request; an error is not an answer."""
    request = {"method": "GET", "auth": "key", "body": None}
    recording = read_recording(
        lines(
            (1.0, "request", {"call": 1, "path": "/v1/users/credits", **request}),
            (1.1, "request", {"call": 2, "path": "/v1/sessions?type=active", **request}),
            (1.5, "reply", {"call": 2, "status": 200, "headers": {"Retry-After": "1"}, "body": {}}),
            (9.0, "reply", {"call": 1, "error": "timeout"}),
        )
    )

    assert [(call.status, call.headers) for call in recording.calls] == [(None, {}), (200, {"Retry-After": "1"})]


def test_unknown_kinds_and_fields_are_ignored() -> None:
    """A later version may have more."""
    later = lines((1.0, "weather", {"sun": True}), (2.0, "note", {"text": "avatar joined", "after": 1.2}))

    assert read_recording(later).calls == []


@pytest.mark.parametrize(
    "line",
    [
        "no JSON",
        '["at"]',
        '{"at": 1}',
        '{"at": 1, "kind": "reply", "call": 7, "status": 200, "body": null}',
        '{"at": 1, "kind": "send", "socket": 7}',
        '{"at": 0, "kind": "note", "text": "recording", "version": 2}',
    ],
)
def test_invalid_text_is_refused(line: str) -> None:
    """The message names the line."""
    with pytest.raises(RecordingError, match="line 2 "):
        read_recording([*lines(), line])
