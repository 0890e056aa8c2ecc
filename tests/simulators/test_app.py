"""All stand-ins on one port, and the program that serves them."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from simulators import liveavatar
from simulators.app import Options, create_app
from simulators.arguments import parse_arguments
from simulators.vendors import VENDORS
from tests.simulators.liveavatar.client import StandIn
from tests.simulators.liveavatar.rooms import RecordingRoom

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator


PROMPT = Options(liveavatar=liveavatar.Options(habits=liveavatar.Habits.fast()))


class SilentProcess:
    """A speech process that only knows whether it runs."""

    running = 0

    async def __aenter__(self) -> Self:
        SilentProcess.running += 1
        return self

    async def __aexit__(self, *_: object) -> None:
        SilentProcess.running -= 1


@pytest.fixture(autouse=True)
def no_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the speech processes, which take seconds to start and have their own tests."""
    monkeypatch.setattr("simulators.app.Recogniser", SilentProcess)
    monkeypatch.setattr("simulators.app.Speaker", SilentProcess)


@asynccontextmanager
async def serving(options: Options, rooms: list[RecordingRoom] | None = None) -> AsyncIterator[StandIn]:
    """Run the application on loopback."""
    opened: list[RecordingRoom] = [] if rooms is None else rooms

    def open_room(invitation: liveavatar.room.Invitation) -> RecordingRoom:
        opened.append(RecordingRoom(invitation))
        return opened[-1]

    async with TestServer(create_app(options, open_room=open_room)) as server, ClientSession() as http:
        yield StandIn(str(server.make_url("")).rstrip("/"), http)


@asynccontextmanager
async def program(*arguments: str) -> AsyncIterator[Process]:
    """Run `python -m simulators`, and end it with the test."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "simulators", "--only", "openai,liveavatar", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_root_says_that_these_are_stand_ins() -> None:
    """The root page names these servers as stand-ins."""
    async with serving(Options()) as stand_ins:
        answer = await stand_ins.get("/")

    assert "stand-ins" in answer.body["message"]
    assert set(answer.body["stand_ins"]) == set(VENDORS)
    assert answer.body["faults"] == "/stand-in/faults"
    assert answer.headers["X-Stand-In"] == "all"


async def test_faults_of_all_vendors_are_armed_in_one_place() -> None:
    """Faults are in one list with one count, which LiveAvatar's own endpoint shows as well."""
    faults = [
        {"vendor": vendor, "kind": "status", "at": call, "status": 503}
        for vendor, call in [("openai", "models"), ("deepgram", "projects"), ("elevenlabs", "user")]
    ]
    async with serving(Options()) as stand_ins:
        async with stand_ins.http.put(f"{stand_ins.url}/stand-in/faults", json={"faults": faults}) as response:
            assert response.status == 200
        for path in ("/openai/v1/models", "/deepgram/v1/projects", "/elevenlabs/v1/user"):
            assert (await stand_ins.get(path)).status == 503
        told = (await stand_ins.get("/stand-in/faults")).body["faults"]
        assert [entry["struck"] for entry in told] == [1, 1, 1]
        assert (await stand_ins.get("/liveavatar/stand-in/faults")).body["faults"] == told


def test_help_describes_the_faults(capsys: pytest.CaptureFixture[str]) -> None:
    """The help says where faults are armed and where they are listed."""
    with pytest.raises(SystemExit):
        parse_arguments(["--help"])

    assert "PUT /stand-in/faults" in (told := " ".join(capsys.readouterr().out.split()))
    assert "GET /stand-in/faults/kinds" in told


@pytest.mark.parametrize(
    ("vendor", "path"),
    [
        ("deepgram", "/deepgram/v1/projects"),
        ("elevenlabs", "/elevenlabs/v1/user"),
        ("openai", "/openai/v1/models"),
        ("liveavatar", "/liveavatar/v1/users/credits"),
    ],
)
async def test_vendor_is_served_under_its_name_and_asks_for_the_key(vendor: str, path: str) -> None:
    """Each refuses another key, and marks its answers as a stand-in's."""
    async with serving(Options(api_key="open sesame")) as stand_ins:
        answer = await stand_ins.get(path)

    assert answer.status in (401, 403)
    assert answer.headers["X-Stand-In"] == vendor


async def test_only_the_wanted_vendors_are_served() -> None:
    """Other vendors are missing, and so are their processes."""
    async with serving(Options(vendors=("openai",))) as stand_ins:
        assert set((await stand_ins.get("/")).body["stand_ins"]) == {"openai"}
        assert SilentProcess.running == 0
        async with stand_ins.http.get(f"{stand_ins.url}/deepgram/v1/projects") as response:
            assert response.status == 404


async def test_speech_processes_run_as_long_as_the_application() -> None:
    """One process listens and one speaks, and both are ended with the application."""
    async with serving(Options()):
        assert SilentProcess.running == 2

    assert SilentProcess.running == 0


async def test_websocket_url_has_the_vendors_path() -> None:
    """`ws_url` has the path at which the application was mounted."""
    async with serving(PROMPT) as stand_ins:
        avatar = StandIn(f"{stand_ins.url}/liveavatar", stand_ins.http)
        session = await avatar.start()

        assert "/liveavatar/ws/" in session["ws_url"]
        assert await avatar.connect(session)


async def test_avatars_leave_their_rooms_when_the_application_ends() -> None:
    """Every avatar leaves its room."""
    rooms: list[RecordingRoom] = []
    async with serving(PROMPT, rooms) as stand_ins:
        await StandIn(f"{stand_ins.url}/liveavatar", stand_ins.http).start()

    assert [room.left.is_set() for room in rooms] == [True]


def test_arguments_become_options() -> None:
    """Habits of LiveAvatar's stand-in are given by name and value."""
    asked = parse_arguments(
        [
            "--port",
            "0",
            "--only",
            "liveavatar, openai",
            "--habit",
            "dialect=task_ids",
            "--habit",
            "connected_after=none",
        ]
    )

    assert asked.port == 0
    assert asked.options.vendors == ("openai", "liveavatar")
    habits = liveavatar.Habits(dialect=liveavatar.TASK_IDS, connected_after=None)
    assert asked.options.liveavatar == liveavatar.Options(habits=habits)


def test_arguments_are_refused_when_a_vendor_is_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    """The message names the known ones."""
    with pytest.raises(SystemExit) as refusal:
        parse_arguments(["--only", "whisper"])

    assert refusal.value.code == 2
    assert "unknown: whisper; there are deepgram, elevenlabs, openai, liveavatar" in capsys.readouterr().err


def test_hosted_rooms_need_a_livekit_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Missing settings are named; with all of them rooms are opened on that server."""
    monkeypatch.setenv("LIVEKIT_URL", "ws://127.0.0.1:7880")
    monkeypatch.setenv("LIVEKIT_API_KEY", "devkey")
    monkeypatch.delenv("LIVEKIT_API_SECRET", raising=False)
    with pytest.raises(SystemExit, match="needs LIVEKIT_API_SECRET in the environment"):
        parse_arguments(["--hosted-rooms"])

    monkeypatch.setenv("LIVEKIT_API_SECRET", "secret")
    livekit = parse_arguments(["--hosted-rooms"]).options.liveavatar.livekit
    assert livekit == liveavatar.LiveKitServer("ws://127.0.0.1:7880", "devkey", "secret")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_program_reports_when_it_is_ready_and_ends_cleanly(number: signal.Signals) -> None:
    """The program prints one line with its address, and exits with 0 on a signal."""
    async with program("--port", "0") as process:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        url = line.split()[2].rstrip(":")
        async with ClientSession() as http, http.get(url) as response:
            told = await response.json()
        process.send_signal(number)
        rest, errors = await process.communicate()

    assert line == f"stand-ins on {url}: openai, liveavatar\n"
    assert list(told["stand_ins"]) == ["openai", "liveavatar"]
    assert (process.returncode, rest, errors) == (0, b"", b"")


async def test_program_says_what_to_do_when_the_port_is_in_use() -> None:
    """A port in use is one line on stderr and exit status 1, without a traceback."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        async with program("--port", str(port)) as process:
            output, errors = await process.communicate()

    assert process.returncode == 1
    assert output == b""
    assert errors.decode().splitlines() == [
        f"Cannot listen on 127.0.0.1, port {port}: Address already in use. Choose with --host and --port."
    ]
