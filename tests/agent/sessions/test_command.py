"""The command `sessions`: what it lists, what it stops, and what it leaves alone."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from typer.testing import CliRunner, Result

from agent.cli import app
from agent.settings import SettingsError
from agent.settings.state_dir import demo_state_dir
from avatar import SANDBOX_AVATAR_ID, LiveAvatarAPI
from avatar.api import Room
from avatar.sessions.journal import SessionJournal
from simulators.liveavatar import Habits, Options, create_app
from tests.simulators.liveavatar.rooms import RecordingRoom

ROOM = Room("ws://127.0.0.1:1", "a-room", "a-token")


@dataclass
class Machine:
    """A machine with one living process, one that was killed, and the account they share with another machine."""

    api: LiveAvatarAPI
    url: str
    living: SessionJournal
    dead: SessionJournal

    async def start(self, journal: SessionJournal | None) -> str:
        """Start a session, of this machine if it has a journal; its id."""
        async with aiohttp.ClientSession() as http:
            api = LiveAvatarAPI(http, api_key="stand-in", api_url=self.url, journal=journal)
            token = await api.create_token(avatar_id=SANDBOX_AVATAR_ID, room=ROOM)
            await api.start(token)
        if journal is self.dead:
            journal.disown()
            self.dead = SessionJournal(journal.directory)
        return token.session_id

    async def running(self) -> set[str]:
        """Return the sessions that run at the service."""
        return {session.session_id for session in await self.api.active_sessions()}


@pytest.fixture
async def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Machine]:
    """The settings are this machine's."""
    async with (
        TestServer(create_app(Options(habits=Habits.fast()), open_room=RecordingRoom)) as server,
        aiohttp.ClientSession() as http,
    ):
        url = str(server.make_url("")).rstrip("/")
        monkeypatch.setenv("STATE_DIR", str(tmp_path))
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        monkeypatch.setenv("LIVEAVATAR_API_URL", url)
        monkeypatch.setenv("LIVEAVATAR_API_KEY", "stand-in")
        living = SessionJournal(tmp_path)
        yield Machine(LiveAvatarAPI(http, api_key="stand-in", api_url=url), url, living, SessionJournal(tmp_path))
        living.disown()


async def sessions(*arguments: str) -> Result:
    """Run the command; the service is in this event loop."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["sessions", *arguments])


async def test_a_table_tells_whose_each_session_is(machine: Machine) -> None:
    """Sessions in the journal and sessions that only the service knows are in one table."""
    living, dead = await machine.start(machine.living), await machine.start(machine.dead)
    unknown = await machine.start(None)
    result = await sessions()

    lines = {line.split()[0]: line.split()[1:] for line in result.output.splitlines()}
    assert result.exit_code == 0
    assert lines["SESSION"] == ["ROOM", "AGE", "OWNER", "STATE", "SERVICE"]
    assert (lines[living][0], *lines[living][2:]) == ("a-room", "alive", "started", "runs")
    assert (lines[dead][0], *lines[dead][2:]) == ("a-room", "dead", "started", "runs")
    assert (lines[unknown][0], *lines[unknown][2:]) == ("-", "unknown", "-", "runs")


async def test_without_a_key_the_journal_is_listed(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service is not asked, unless one insists."""
    session_id = await machine.start(machine.dead)
    monkeypatch.delenv("LIVEAVATAR_API_KEY")
    result = await sessions()
    insisting = await sessions("--remote")

    assert result.exit_code == 0
    assert f"{session_id}  a-room" in result.output
    assert "not asked" in result.output
    assert isinstance(insisting.exception, SettingsError)


async def test_a_demo_that_runs_is_listed_too(machine: Machine) -> None:
    """A running demo's sessions are listed with their stand-in; those of a killed demo ended with it."""
    running, killed = SessionJournal(demo_state_dir()), SessionJournal(demo_state_dir())
    running.add("s-running", api_url="http://127.0.0.1:7900/liveavatar", room="demo-1")
    killed.add("s-killed", api_url="http://127.0.0.1:7901/liveavatar", room="demo-2")
    killed.disown()
    listed = [line.split() for line in (await sessions()).output.splitlines()[1:]]
    running.disown()

    assert [(each[0], each[1], each[3]) for each in listed] == [("s-running", "demo-1", "alive")]


async def test_nothing_runs_is_told(machine: Machine) -> None:
    """An empty table is a sentence, and nothing to stop is no failure."""
    assert (await sessions()).output == "no avatar session runs\n"
    assert (await sessions("stop", "--dead")).exit_code == 0


async def test_the_dead_ones_sessions_are_stopped(machine: Machine) -> None:
    """--dead touches neither a living process's session nor another machine's."""
    living, dead = await machine.start(machine.living), await machine.start(machine.dead)
    unknown = await machine.start(None)
    result = await sessions("stop", "--dead")

    assert (result.exit_code, result.output) == (0, f"{dead} stopped\n")
    assert await machine.running() == {living, unknown}
    assert [entry.session_id for entry in machine.living.entries()] == [living]


async def test_what_may_be_in_use_is_stopped_by_force_alone(machine: Machine) -> None:
    """A living process's session and one of unknown origin stay, each told with what would stop it; the status is 1."""
    started = {await machine.start(machine.living), await machine.start(None)}
    gently = await sessions("stop", "--all")
    assert await machine.running() == started
    forced = await sessions("stop", "--all", "--force")

    assert gently.exit_code == 1
    assert gently.output.count("--force stops it anyway") == 2
    assert forced.exit_code == 0
    assert await machine.running() == set()


async def test_sessions_are_stopped_by_name(machine: Machine) -> None:
    """Named sessions that run are stopped; an unknown one is reported and makes the status 1."""
    first, second = await machine.start(machine.dead), await machine.start(machine.dead)
    result = await sessions("stop", second, "no-such")

    assert result.exit_code == 1
    assert f"{second} stopped" in result.output
    assert "no-such does not run" in result.output
    assert await machine.running() == {first}


async def test_another_services_session_is_not_stopped(machine: Machine) -> None:
    """This service would answer that it knows none, which is not a stop."""
    machine.dead.add("s-1", api_url="https://api.liveavatar.com")
    machine.dead.disown()
    named, every = await sessions("stop", "s-1"), await sessions("stop", "--all")

    assert named.exit_code == 1
    assert "set LIVEAVATAR_API_URL" in named.output
    assert every.exit_code == 0
    assert [entry.session_id for entry in machine.dead.entries()] == ["s-1"]


async def test_a_service_that_is_away_is_told(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to look at, and what can be listed all the same."""
    monkeypatch.setenv("LIVEAVATAR_API_URL", "http://127.0.0.1:1")
    result = await sessions()

    assert result.exit_code == 1
    assert "is http://127.0.0.1:1 reachable" in result.output
    assert "--no-remote" in result.output


@pytest.mark.parametrize("arguments", [(), ("--all", "--dead"), ("s-1", "--all")])
async def test_what_to_stop_is_told_in_one_way(machine: Machine, arguments: tuple[str, ...]) -> None:
    """Names, --dead or --all: none or two of them is a usage error."""
    assert (await sessions("stop", *arguments)).exit_code == 2
