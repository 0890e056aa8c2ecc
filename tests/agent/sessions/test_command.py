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
    """A machine with one living and one killed process, which shares its account with another machine."""

    api: LiveAvatarAPI
    url: str
    living: SessionJournal
    dead: SessionJournal

    async def start(self, journal: SessionJournal | None) -> str:
        """Start a session, of this machine if it has a journal, and return its id."""
        async with aiohttp.ClientSession() as http:
            api = LiveAvatarAPI(http, api_key="stand-in", api_url=self.url, journal=journal)
            token = await api.create_token(avatar_id=SANDBOX_AVATAR_ID, room=ROOM)
            await api.start(token)
        if journal is self.dead:
            journal.disown()
            self.dead = SessionJournal(journal.directory)
        return token.session_id

    async def running(self) -> set[str]:
        """Return the ids of the sessions that run at the service."""
        return {session.session_id for session in await self.api.active_sessions()}


@pytest.fixture
async def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Machine]:
    """Make a machine, and use its settings."""
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
    """Run the command while the service runs in this event loop."""
    return await asyncio.to_thread(CliRunner().invoke, app, ["sessions", *arguments])


async def test_a_table_lists_each_session_with_its_owner(machine: Machine) -> None:
    """It has the sessions in the journal and those that only the service knows."""
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
    """The service is asked only with --remote, which needs the key."""
    session_id = await machine.start(machine.dead)
    monkeypatch.delenv("LIVEAVATAR_API_KEY")
    result = await sessions()
    insisting = await sessions("--remote")

    assert result.exit_code == 0
    assert f"{session_id}  a-room" in result.output
    assert "not asked" in result.output
    assert isinstance(insisting.exception, SettingsError)


async def test_a_running_demo_is_listed_too(machine: Machine) -> None:
    """A running demo's sessions are listed with their stand-in; those of a killed demo ended with it."""
    running, killed = SessionJournal(demo_state_dir()), SessionJournal(demo_state_dir())
    running.add("s-running", api_url="http://127.0.0.1:7900/liveavatar", room="demo-1")
    killed.add("s-killed", api_url="http://127.0.0.1:7901/liveavatar", room="demo-2")
    killed.disown()
    listed = [line.split() for line in (await sessions()).output.splitlines()[1:]]
    running.disown()

    assert [(each[0], each[1], each[3]) for each in listed] == [("s-running", "demo-1", "alive")]


async def test_no_session_is_one_sentence(machine: Machine) -> None:
    """Nothing to stop is not a failure."""
    assert (await sessions()).output == "no avatar session runs\n"
    assert (await sessions("stop", "--dead")).exit_code == 0


async def test_sessions_of_dead_processes_are_stopped(machine: Machine) -> None:
    """--dead touches neither a living process's session nor another machine's."""
    living, dead = await machine.start(machine.living), await machine.start(machine.dead)
    unknown = await machine.start(None)
    result = await sessions("stop", "--dead")

    assert (result.exit_code, result.output) == (0, f"{dead} stopped\n")
    assert await machine.running() == {living, unknown}
    assert [entry.session_id for entry in machine.living.entries()] == [living]


async def test_sessions_that_may_be_in_use_are_stopped_only_by_force(machine: Machine) -> None:
    """Sessions of living processes and of unknown origin stay, with the option that stops them; the status is 1."""
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
    """This service would answer that it does not know the session, which is not a stop."""
    machine.dead.add("s-1", api_url="https://api.liveavatar.com")
    machine.dead.disown()
    named, every = await sessions("stop", "s-1"), await sessions("stop", "--all")

    assert named.exit_code == 1
    assert "set LIVEAVATAR_API_URL" in named.output
    assert every.exit_code == 0
    assert [entry.session_id for entry in machine.dead.entries()] == ["s-1"]


async def test_an_unreachable_service_is_reported(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to check, and what can still be listed."""
    monkeypatch.setenv("LIVEAVATAR_API_URL", "http://127.0.0.1:1")
    result = await sessions()

    assert result.exit_code == 1
    assert "is http://127.0.0.1:1 reachable" in result.output
    assert "--no-remote" in result.output


@pytest.mark.parametrize("arguments", [(), ("--all", "--dead"), ("s-1", "--all")])
async def test_sessions_to_stop_are_named_in_one_way(machine: Machine, arguments: tuple[str, ...]) -> None:
    """None or two of names, --dead and --all are a usage error."""
    assert (await sessions("stop", *arguments)).exit_code == 2
