"""The life of a session, from its start to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from simulators.liveavatar.model import WAYNE_ID, AvatarJoined, AvatarLeft, Habits, SocketClosed
from tests.simulators.liveavatar.model.client import Client

if TYPE_CHECKING:
    from simulators.liveavatar.model.requests import EndReason

SANDBOX = {"avatar_id": WAYNE_ID, "is_sandbox": True}


def test_avatar_joins_and_leaves_with_the_identity_of_its_token() -> None:
    """The avatar joins after the answer to the start (facts 24, 76)."""
    client = Client()
    session = client.start()
    started_at = client.now
    client.wait(2.0)
    client.stop(session)
    came = [(at, each) for at, each in client.happened if isinstance(each, AvatarJoined | AvatarLeft)]

    assert [each for _, each in came] == [
        AvatarJoined(session["session_id"], "the-avatar"),
        AvatarLeft(session["session_id"], "the-avatar"),
    ]
    assert came[0][0] == pytest.approx(started_at + 1.0, abs=0.06)


def test_first_speech_is_cold_and_later_ones_are_warm() -> None:
    """The first takes three seconds, later ones six tenths (facts 43, 44)."""
    client = Client()
    session = client.start()
    socket = client.open(session)
    client.wait(2.0)
    for _ in range(2):
        client.speak(socket, 1.0)
        client.wait(10.0)
    asked = client.now - 20.0, client.now - 10.0
    spans = client.session(session).heard_spans

    assert [begin - at for (begin, _, _), at in zip(spans, asked, strict=True)] == pytest.approx([2.97, 0.6])


def test_interrupt_has_its_tail_and_its_acknowledgement() -> None:
    """0.4 s more are heard, the acknowledgement comes after 0.188 s, and the session continues (facts 54 to 57)."""
    client = Client(Habits(first_speech_starts_after=0.6))
    session = client.start()
    socket = client.open(session)
    client.wait(2.0)
    client.speak(socket, 9.0)
    client.wait(2.6)
    interrupted_at = client.now
    client.send(socket, "agent.interrupt", "i1")
    client.wait(2.0)
    client.speak(socket, 1.0, "u2")
    client.wait(9.0)
    first, second = client.session(session).heard_spans

    assert first[1] == pytest.approx(interrupted_at + 0.4)
    assert client.when(socket, "audio_buffer_cleared") == pytest.approx(interrupted_at + 0.188)
    assert second[1] - second[0] == pytest.approx(1.0)


@pytest.mark.parametrize("asked", [30, None])
def test_sandbox_session_ends_at_its_own_time(asked: int | None) -> None:
    """The socket is closed with 1000, even if a shorter session was requested (facts 38, 70)."""
    client = Client()
    session = client.start(**SANDBOX, max_session_duration=asked)
    socket = client.open(session)
    client.wait(70.0)

    assert client.session(session).end_reason == "MAX_DURATION_REACHED"
    assert client.session(session).seconds(client.now) == pytest.approx(59.2)
    assert SocketClosed(socket, 1000) in [each for _, each in client.happened]


def test_paid_session_cuts_speech_at_its_limit_and_reports_its_end() -> None:
    """There is no error and no close; the session is billed until it is stopped (fact 69)."""
    client = Client()
    session = client.start(max_session_duration=20)
    socket = client.open(session)
    client.wait(26.8)
    client.speak(socket, 4.7)
    client.wait(60.0)
    kinds = client.kinds(socket)[3:]

    assert [end - begin for begin, end, _ in client.session(session).heard_spans] == pytest.approx([0.37])
    assert kinds[:2] == ["audio_buffer_appended", "audio_buffer_committed"]
    assert {"speak_started", "speak_ended"} < set(kinds)
    assert not {"error", "speak_interrupted", "closing"} & set(kinds)
    assert client.session(session).is_running
    client.stop(session)
    assert client.session(session).end_reason == "USER_CLOSED"


def test_paid_session_ends_at_its_limit_when_so_set() -> None:
    """The session then ends like one of the sandbox."""
    client = Client(Habits(paid_limit="ends"))
    session = client.start(max_session_duration=20)
    client.wait(26.8)

    assert client.session(session).end_reason == "MAX_DURATION_REACHED"


def test_session_without_a_stop_is_reaped() -> None:
    """The reap comes after about 200 s without a WebSocket, and the session is billed until then (fact 67)."""
    client = Client()
    session = client.start()
    client.model.close_socket(client.open(session), client.now)
    client.wait(300.0)

    assert client.session(session).end_reason == "ZOMBIE_SESSION_REAP"
    assert client.session(session).billed_seconds(client.now) > 200.0


def test_session_without_commands_ends_and_a_keep_alive_saves_it() -> None:
    """The session ends after five minutes; either kind of keep-alive saves it."""
    client = Client()
    idle, kept = client.start(), client.start()
    client.open(idle)
    socket = client.open(kept)
    client.wait(200.0)
    client.call("POST", "/v1/sessions/keep-alive", {"session_id": kept["session_id"]})
    client.wait(200.0)
    client.send(socket, "session.keep_alive", "k1")
    client.wait(250.0)

    assert client.session(idle).end_reason == "IDLE_TIMEOUT"
    assert client.session(kept).is_running


def test_end_closes_everything_and_keeps_its_first_reason() -> None:
    """The client is informed, the socket closed, and the room left."""
    client = Client()
    session = client.start()
    socket = client.open(session)
    client.wait(2.0)
    reasons: tuple[EndReason, ...] = ("SERVER_ERROR", "USER_CLOSED")
    for reason in reasons:
        client.model.end(session["session_id"], reason, client.now)
    client.wait(1.0)

    assert client.kinds(socket)[-2:] == ["closing", "closed"]
    assert [type(each) for _, each in client.happened[-2:]] == [SocketClosed, AvatarLeft]
    assert client.session(session).end_reason == "SERVER_ERROR"
