"""A Redis for the tests of the fleet's state, with a settable time, and machines that share it."""

from __future__ import annotations

import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from agent.state import fleet, redis_state
from agent.state.fleet import FleetJournal
from agent.state.redis_state import RedisState
from avatar.sessions.journal import SessionJournal
from tests.agent.state.redis_server import RedisServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from avatar.sessions.port import LeftRoom

URL = "https://api.example"

# Seconds after which an owner counts as dead if its agent could not be asked.
DEAD = 20


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """Run one server for all tests of this process."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.resume()
    server.kill()


@pytest.fixture
def server(redis_process: RedisServer) -> RedisServer:
    """Return the server, emptied."""
    with redis_process.client() as client:
        client.flushall()
    return redis_process


@dataclass
class Fleet:
    """Machines that share a Redis, in which time passes only when the test says so.

    Attributes:
        server: The shared Redis.
        directory: Directory with a folder for each machine.
    """

    server: RedisServer
    directory: Path
    journals: list[FleetJournal] = field(default_factory=list)
    states: list[RedisState] = field(default_factory=list)

    def machine(
        self,
        name: str,
        *,
        call: LeftRoom | None = None,
        starts_alone: bool = True,
        on_lost: Callable[[], None] | None = None,
    ) -> FleetJournal:
        """Open the journal as a process on this machine."""
        state = RedisState(self.server.url)
        journal = FleetJournal(
            SessionJournal(self.directory / name), state, call=call, starts_alone=starts_alone, on_lost=on_lost
        )
        self.journals.append(journal)
        self.states.append(state)
        return journal

    def die(self, journal: FleetJournal) -> None:
        """End a journal's process, so that it reports nothing more."""
        journal._local.let_go()

    def wait(self, seconds: float, *living: FleetJournal) -> None:
        """Let time pass in Redis, second by second, while the leases of `living` are renewed."""
        observer = self.states[0] if self.states else self.machine("observer")._state
        for _ in range(int(seconds)):
            self.jump(1.0)
            # A worker that asks Redis shows that there is no outage.
            observer.run("claim", "https://another.example", "")
            for journal in living:
                journal._renew(journal._local.owner)

    def jump(self, seconds: float) -> None:
        """Let time pass in Redis while no process asks it, as in an outage or after a change of its clock."""
        with self.server.client() as client:
            client.incrbyfloat("passed", seconds)


@pytest.fixture
def machines(server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """Make machines whose leases the test renews; the first outage is over."""
    scripts = tmp_path / "scripts"
    shutil.copytree(redis_state._SCRIPTS, scripts)
    common = scripts / "common.lua"
    real = "tonumber(time[1]) + tonumber(time[2]) / 1000000"
    text = common.read_text()
    assert real in text
    # Real time would be a gap between two requests whenever the machine stands still for a second.
    common.write_text(text.replace(real, "1800000000 + tonumber(redis.call('GET', 'passed') or 0)"))
    monkeypatch.setattr(redis_state, "_SCRIPTS", scripts)
    monkeypatch.setattr(redis_state, "_PAUSE", 0.0)
    monkeypatch.setattr(redis_state, "_TIMEOUT", 20.0)
    monkeypatch.setattr(fleet, "_RENEWS_EVERY", 3600.0)
    fleet_of = Fleet(server, tmp_path)
    fleet_of.wait(5)
    yield fleet_of
    for journal in fleet_of.journals:
        journal._local.disown()
        journal._has_ended.set()
    for thread in threading.enumerate():
        if thread.name == "lease":
            thread.join()
    for state in fleet_of.states:
        state.close()
