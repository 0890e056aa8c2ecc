"""A recorded call as a model."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulators.liveavatar.model import Happening, Replied, SocketClosed, SocketRefused, SocketText
from simulators.liveavatar.replay import ReplayModel, read_recording
from tests.simulators.liveavatar.replay.recorded import OPEN, TALK, example, lines

UNANSWERED = (1.0, "open", {"socket": 1, "url": "wss://x/<redacted:9>", "status": None})
REFUSED = (1.0, "open", {"socket": 1, "url": "wss://x/<redacted:9>", "status": 503})


def happened(model: ReplayModel, until: float) -> list[tuple[float, Happening]]:
    """Let time pass; return the events and their times."""
    found: list[tuple[float, Happening]] = []
    while (at := model.next_at()) is not None and at <= until:
        found += [(round(at, 3), each) for each in model.advance(at)]
    return found


def replies(model: ReplayModel, until: float = 100.0) -> list[Any]:
    """Return the answers until then."""
    return [each for _, each in happened(model, until) if isinstance(each, Replied)]


def send(model: ReplayModel, socket: int, kind: str, now: float, event_id: str = "x") -> None:
    """Send a command."""
    model.receive(socket, json.dumps({"type": kind, "event_id": event_id}), now)


def test_calls_are_answered_in_order_with_the_recorded_delay() -> None:
    """Redacted values are replaced by invented ones, the same within one session."""
    model = ReplayModel(read_recording(example()), now=0.0)
    model.request("POST", "/v1/sessions/token", {}, {}, 0.0)
    ((at, token),) = happened(model, 1.0)
    model.request("POST", "/v1/sessions/start", {}, None, 1.0)
    (start,) = replies(model)
    assert isinstance(token, Replied)
    assert isinstance(token.body, dict)

    assert at == 0.557
    assert "redacted" not in json.dumps([token.body, start.body])
    assert token.body["data"]["session_id"] == start.body["data"]["session_id"]
    assert start.body["data"]["ws_url"].startswith("ws://")


def test_last_answer_is_repeated_and_an_unrecorded_call_is_not_found() -> None:
    """A client may call more often than the recorded one did."""
    model = ReplayModel(read_recording(example()), now=0.0)
    for _ in range(3):
        model.request("POST", "/v1/sessions/token", {}, {}, 0.0)
    model.request("GET", "/v1/users/credits", {}, None, 0.0)
    answers = replies(model)

    assert [answer.status for answer in answers] == [404, 200, 200, 200]
    assert len({answer.body["data"]["session_id"] for answer in answers[1:]}) == 3


def test_call_without_an_answer_gets_none() -> None:
    """A call without a recorded answer gets none."""
    request = {"call": 1, "method": "GET", "path": "/v1/users/credits", "auth": "key", "body": None}
    recording = read_recording(lines((1.0, "request", request), (9.0, "reply", {"call": 1, "error": "timeout"})))
    model = ReplayModel(recording, now=0.0)
    model.request("GET", "/v1/users/credits", {}, None, 0.0)

    assert model.next_at() is None


def test_room_of_the_recorded_call_is_not_given() -> None:
    """The replay never leads a client to a real LiveKit server."""
    request = {"call": 1, "method": "POST", "path": "/v1/sessions/start", "auth": "token", "body": None}
    body = {"code": 100, "data": {"livekit_url": "wss://heygen.livekit.cloud"}, "message": ""}
    recording = read_recording(
        lines((1.0, "request", request), (2.0, "reply", {"call": 1, "status": 201, "body": body}))
    )
    model = ReplayModel(recording, now=0.0, livekit_url="ws://mine")
    model.request("POST", "/v1/sessions/start", {}, None, 0.0)

    assert replies(model)[0].body["data"] == {"livekit_url": "ws://mine"}


def test_socket_sends_its_messages_with_the_recorded_delay() -> None:
    """The delay counts from the message before."""
    model = ReplayModel(read_recording(TALK), now=10.0)
    socket = model.open_socket("any", 10.0)
    found = happened(model, 20.0)
    send(model, socket, "agent.speak", 20.0)
    found += happened(model, 30.0)
    send(model, socket, "agent.interrupt", 30.0)
    found += happened(model, 40.0)
    told = [(at, json.loads(each.text)["type"]) for at, each in found if isinstance(each, SocketText)]

    assert told == [
        (10.3, "session.state_updated"),
        (20.1, "agent.audio_buffer_appended"),
        (30.4, "agent.speak_started"),
        (31.0, "agent.speak_ended"),
        (31.0, "agent.audio_buffer_cleared"),
        (31.0, "error"),
    ]
    assert found[-1] == (31.0, SocketClosed(socket, 4001))


def test_closed_socket_sends_nothing_more() -> None:
    """Either side may have closed the socket."""
    model = ReplayModel(read_recording(TALK), now=0.0)
    socket = model.open_socket("any", 0.0)
    model.advance(0.0)
    model.close_socket(socket, 0.1)
    send(model, socket, "agent.speak", 0.2)

    assert happened(model, 10.0) == []


@pytest.mark.parametrize(
    ("recorded", "statuses"),
    [([], [404]), ([REFUSED], [503, 404]), ([(*OPEN[:2], {**OPEN[2], "status": None})], [503])],
)
def test_handshake_is_refused_as_recorded(recorded: list[Any], statuses: list[int]) -> None:
    """Beyond the recorded ones the status is 404."""
    model = ReplayModel(read_recording(lines(*recorded)), now=0.0)
    for _ in statuses:
        model.open_socket("any", 0.0)

    assert [each.status for _, each in happened(model, 1.0) if isinstance(each, SocketRefused)] == statuses


def test_garbage_is_ignored() -> None:
    """A recording does not judge a client."""
    model = ReplayModel(read_recording(TALK), now=0.0)
    socket = model.open_socket("any", 0.0)
    happened(model, 1.0)
    for frame in ("no JSON", "[]", b"binary", '{"type": "agent.sing"}', '{"type": ["agent.speak"]}'):
        model.receive(socket, frame, 1.0)

    assert happened(model, 10.0) == []
