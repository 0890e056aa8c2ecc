"""A Redis for the tests of the fleet's state, whose time they set, and machines that have it in common."""

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

# Seconds after which an owner is dead whose agent could not be asked.
DEAD = 20


@pytest.fixture(scope="session")
def redis_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One server for all tests of this process."""
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.resume()
    server.kill()


@pytest.fixture
def server(redis_process: RedisServer) -> RedisServer:
    """The server, with nothing in it."""
    with redis_process.client() as client:
        client.flushall()
    return redis_process


@dataclass
class Fleet:
    """Machines that share a Redis. Time passes when the test says so; until then it is Redis' own.

    Attributes:
        server: The Redis.
        directory: Below it each machine has its own.
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
        """The journal as a process on this machine has it."""
        state = RedisState(self.server.url)
        journal = FleetJournal(
            SessionJournal(self.directory / name), state, call=call, starts_alone=starts_alone, on_lost=on_lost
        )
        self.journals.append(journal)
        self.states.append(state)
        return journal

    def die(self, journal: FleetJournal) -> None:
        """End the process of a journal with all that it would have told."""
        journal._local.let_go()

    def wait(self, seconds: float, *living: FleetJournal) -> None:
        """Let time pass in Redis, second by second; the leases of these are renewed."""
        observer = self.states[0] if self.states else self.machine("observer")._state
        for _ in range(int(seconds)):
            self.jump(1.0)
            observer.run("claim", "https://another.example", "")  # a worker looks: it is no outage
            for journal in living:
                journal._renew(journal._local.owner)

    def jump(self, seconds: float) -> None:
        """Let time pass in Redis without anybody who asks it: it was away, or its clock was set."""
        with self.server.client() as client:
            client.incrbyfloat("shift", seconds)


@pytest.fixture
def machines(server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Fleet]:
    """Machines whose leases are renewed by the test; the first outage is over."""
    scripts = tmp_path / "scripts"
    shutil.copytree(redis_state._SCRIPTS, scripts)
    common = scripts / "common.lua"
    end = "tonumber(time[2]) / 1000000"
    text = common.read_text()
    assert end in text
    common.write_text(text.replace(end, f"{end} + tonumber(redis.call('GET', 'shift') or 0)"))
    monkeypatch.setattr(redis_state, "_SCRIPTS", scripts)
    monkeypatch.setattr(redis_state, "_PAUSE", 0.0)
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
