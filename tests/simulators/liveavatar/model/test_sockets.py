"""WebSockets: readiness, `connected`, and losses."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.liveavatar.model import Habits, SocketClosed, SocketRefused
from tests.simulators.liveavatar.model.client import Client


def closes(client: Client) -> list[tuple[int, int]]:
    """Return the WebSockets that were closed, with their codes."""
    return [(each.socket_id, each.code) for _, each in client.happened if isinstance(each, SocketClosed)]


def test_connected_is_sent_some_time_after_the_start() -> None:
    """The opening of the WebSocket does not matter (fact 31)."""
    client = Client()
    session = client.start()
    started_at = client.now
    socket = client.open(session)
    client.wait(2.0)

    assert client.kinds(socket) == ["new", "connecting", "connected"]
    assert client.when(socket, "connected") == pytest.approx(started_at + 0.8, abs=0.06)


@pytest.mark.parametrize(("habits", "again"), [({}, False), ({"tells_connected_once": False}, True)])
def test_connected_is_sent_only_on_the_first_socket(habits: dict[str, Any], again: bool) -> None:
    """A client that reconnects does not get it, and its commands are still accepted (fact 36)."""
    client = Client(Habits(**habits))
    session = client.start()
    first = client.open(session)
    client.wait(2.0)
    client.model.close_socket(first, client.now)
    second = client.open(session)
    client.send(second, "agent.interrupt", "i1")
    client.wait(2.0)

    assert ("connected" in client.kinds(second)) is again
    assert "audio_buffer_cleared" in client.kinds(second)


def test_connected_is_not_sent_when_the_first_socket_was_lost_before() -> None:
    """The choice is an option, because it was not observed."""
    client = Client()
    session = client.start()
    client.model.close_socket(client.open(session), client.now)
    second = client.open(session)
    client.wait(5.0)

    assert client.kinds(second) == ["new", "connecting"]


@pytest.mark.parametrize(("connected_after", "told"), [(5.6, True), (None, False)])
def test_connected_is_late_or_missing_and_commands_are_accepted(connected_after: float | None, told: bool) -> None:
    """Readiness does not depend on the event (facts 32, 33, 35)."""
    client = Client(Habits(connected_after=connected_after))
    session = client.start()
    socket = client.open(session)
    client.wait(1.0)
    client.send(socket, "agent.interrupt", "i1")
    client.wait(9.0)

    assert "audio_buffer_cleared" in client.kinds(socket)
    assert ("connected" in client.kinds(socket)) is told


@pytest.mark.parametrize(("drops", "heard"), [(True, 0.0), (False, 1.0)])
def test_early_commands_are_dropped_or_accepted(drops: bool, heard: float) -> None:
    """The first is documented, the second was observed in production (fact 33)."""
    client = Client(Habits(drops_early_commands=drops))
    session = client.start()
    socket = client.open(session)
    client.speak(socket, 1.0)
    client.wait(10.0)

    assert len(client.session(session).heard) / 48_000 == heard
    assert ("audio_buffer_appended" in client.kinds(socket)) is not drops


@pytest.mark.parametrize(("loses", "heard"), [(True, 0.0), (False, 1.0)])
def test_speech_before_the_avatar_has_joined_is_lost_when_so_set(loses: bool, heard: float) -> None:
    """Otherwise it waits for the avatar (fact 33)."""
    client = Client(Habits(loses_speech_before_joined=loses, joins_after=3.0))
    session = client.start()
    socket = client.open(session)
    client.wait(1.0)
    client.speak(socket, 1.0)
    client.wait(10.0)

    assert len(client.session(session).heard) / 48_000 == heard
    assert client.session(session).joined_at is not None
    assert all(begin >= (client.session(session).joined_at or 0) for begin, _, _ in client.session(session).heard_spans)


def test_new_socket_replaces_the_old_one() -> None:
    """The new socket gets no `connected`, which was sent on the lost one."""
    client = Client()
    session = client.start()
    first, second = client.open(session), client.open(session)
    client.wait(2.0)
    client.send(first, "agent.interrupt", "i1")
    client.wait(2.0)

    assert closes(client) == [(first, 1000)]
    assert "audio_buffer_cleared" not in client.kinds(first) + client.kinds(second)


def test_half_open_socket_loses_both_directions_without_a_close() -> None:
    """The client has to detect it by itself (fact 40)."""
    client = Client()
    session = client.start()
    socket = client.open(session)
    client.wait(2.0)
    client.model.drop_socket(socket, client.now)
    client.send(socket, "agent.interrupt", "i1")
    client.wait(5.0)

    assert client.kinds(socket) == ["new", "connecting", "connected"]
    assert closes(client) == []


def test_lost_socket_is_closed_for_its_client() -> None:
    """The loss has no close code; another socket is accepted."""
    client = Client()
    session = client.start()
    socket = client.open(session)
    client.model.drop_socket(socket, client.now, told=True)
    client.wait(1.0)

    assert closes(client) == [(socket, 1006)]
    assert client.kinds(client.open(session))[0] == "new"


@pytest.mark.parametrize(("keeps", "heard"), [(True, 5.0), (False, 1.0)])
def test_queued_speech_plays_on_or_is_dropped_with_the_socket(keeps: bool, heard: float) -> None:
    """Only the newest socket counts (fact 37)."""
    client = Client(Habits(keeps_queue=keeps, first_speech_starts_after=0.0))
    session = client.start()
    socket = client.open(session)
    client.wait(2.0)
    client.speak(socket, 5.0)
    client.wait(1.6)
    client.model.close_socket(socket, client.now)
    client.wait(9.0)

    assert len(client.session(session).heard) / 48_000 == pytest.approx(heard, abs=0.001)


def test_frame_that_is_too_big_closes_the_socket() -> None:
    """The session continues."""
    client = Client()
    session = client.start()
    socket = client.open(session)
    client.model.receive(socket, "x" * 1_000_001, client.now)
    client.wait(1.0)

    assert closes(client) == [(socket, 1009)]
    assert client.session(session).is_running


def test_url_is_refused_when_it_is_unknown_or_its_session_is_over() -> None:
    """The handshake is refused."""
    client = Client()
    session = client.start()
    client.stop(session)
    client.model.open_socket(session["ws_url"], client.now)
    client.model.open_socket("wss://x/unknown", client.now)
    client.wait(1.0)

    assert [each.status for _, each in client.happened if isinstance(each, SocketRefused)] == [404, 404]


def test_url_works_with_something_appended() -> None:
    """A client was observed to append its session token (fact 16)."""
    client = Client()
    session = client.start()
    socket = client.model.open_socket(f"{session['ws_url']}?session_token=x", client.now)
    client.wait(2.0)

    assert "connected" in client.kinds(socket)
