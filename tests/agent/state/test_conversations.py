"""Conversations are kept, read by the next agent, and forgotten; in both stores."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from agent.state import conversations
from agent.state.conversations import FleetConversations, LocalConversations, NoConversations
from avatar.sessions.port import LeftRoom
from tests.agent.state.conftest import DEAD, URL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.state.conversations import Conversations
    from tests.agent.state.conftest import Fleet

ROOM = "call-1"


@pytest.fixture(params=["machine", "fleet"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Conversations]:
    """Return a function that opens the store on a named machine."""
    if request.param == "machine":
        return lambda _: LocalConversations(tmp_path / "state")
    fleet: Fleet = request.getfixturevalue("machines")

    def on_machine(name: str) -> Conversations:
        journal = fleet.machine(name)
        return FleetConversations(LocalConversations(tmp_path / name), journal._state, journal.own)

    return on_machine


def test_the_next_agent_reads_what_was_kept_last(opened: Callable[[str], Conversations]) -> None:
    """It may run on another machine, if there are several."""
    first, second = opened("a"), opened("b")
    first.keep(ROOM, "agent-1", "hello")
    first.keep(ROOM, "agent-1", "hello again")

    assert (second.read(ROOM), second.read("call-2")) == ("hello again", None)


def test_only_the_present_agent_forgets_a_conversation(opened: Callable[[str], Conversations]) -> None:
    """An agent that was taken for dead, and ends later, does not delete its successor's."""
    first, second = opened("a"), opened("b")
    first.keep(ROOM, "agent-1", "hello")
    second.keep(ROOM, "agent-2", "hello again")
    first.forget(ROOM, "agent-1")
    kept = first.read(ROOM)
    second.forget(ROOM, "agent-2")

    assert (kept, first.read(ROOM)) == ("hello again", None)


def test_a_machines_conversations_expire_and_are_private_to_its_user(tmp_path: Path) -> None:
    """They expire after an hour, and no word is left in the file."""
    now = 1000.0
    kept = LocalConversations(tmp_path / "state", lambda: now)
    kept.keep(ROOM, "agent-1", "my name is Ada")
    before = kept.read(ROOM)
    now += conversations.KEPT
    after = kept.read(ROOM)

    assert (before, after) == ("my name is Ada", None)
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert b"Ada" not in (tmp_path / "state" / "conversations.sqlite3").read_bytes()


def test_what_is_kept_in_redis_expires(machines: Fleet, tmp_path: Path) -> None:
    """Redis deletes it after an hour."""
    journal = machines.machine("a")
    FleetConversations(LocalConversations(tmp_path), journal._state, journal.own).keep(ROOM, "agent-1", "hello")
    with machines.server.client() as client:
        assert 3500 < int(client.ttl("{liveavatar-agent}:conversation:call-1")) <= 3600


def test_an_owner_that_was_taken_for_dead_keeps_nothing(machines: Fleet, tmp_path: Path) -> None:
    """Its successor may have kept more by then."""
    paused, sweeper = machines.machine("a"), machines.machine("b")
    kept = FleetConversations(LocalConversations(tmp_path / "a"), paused._state, paused.own)
    kept.keep(ROOM, "agent-1", "hello")
    machines.wait(DEAD)
    sweeper.claim("https://api.example")
    kept.keep(ROOM, "agent-1", "hello again")

    assert kept.read(ROOM) == "hello"


def test_while_redis_is_away_a_machine_keeps_its_own_conversations(machines: Fleet, tmp_path: Path) -> None:
    """The successor of a job that dies on this machine can read them."""
    journal = machines.machine("a")
    kept = FleetConversations(LocalConversations(tmp_path / "a"), journal._state, journal.own)
    machines.server.kill()
    try:
        kept.keep(ROOM, "agent-1", "hello")
        assert kept.read(ROOM) == "hello"
    finally:
        machines.server.start()


def test_an_owner_that_was_taken_for_dead_forgets_nothing(machines: Fleet, tmp_path: Path) -> None:
    """Its agent is removed from the room, and ends before the next one has read the conversation."""
    dead, heir = machines.machine("a", call=LeftRoom(ROOM, "agent-1")), machines.machine("b")
    kept = FleetConversations(LocalConversations(tmp_path / "a"), dead._state, dead.own)
    kept.keep(ROOM, "agent-1", "hello")
    machines.wait(DEAD)
    left = heir.claim(URL, with_rooms=True).rooms
    kept.forget(ROOM, "agent-1")

    assert left == [LeftRoom(ROOM, "agent-1")]
    assert kept.read(ROOM) == "hello"


def test_keeping_conversations_can_be_switched_off() -> None:
    """KEEP_CONVERSATION=no keeps nothing."""
    kept = NoConversations()
    kept.keep(ROOM, "agent-1", "hello")
    kept.forget(ROOM, "agent-1")

    assert kept.read(ROOM) is None
