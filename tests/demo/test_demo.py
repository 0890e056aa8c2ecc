"""The settings of the demo's worker."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console
from typer.testing import CliRunner

from agent.cli import app
from agent.settings import Settings
from avatar.sessions.journal import SessionJournal
from demo.demo import _build_page, livekit_environment, with_room_owner, worker_environment
from demo.errors import DemoError


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without settings."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


def test_sessions_of_the_stand_in_are_noted_where_the_command_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The demo writes nothing into the home directory, and `sessions` still lists its sessions."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("STATE_DIR", str(tmp_path / "state"))
    settings = Settings(stand_ins_url="http://127.0.0.1:7900", liveavatar_api_key=SecretStr(""))
    directory = Path(worker_environment(settings)["STATE_DIR"])
    journal = SessionJournal(directory)
    journal.add("s-demo", api_url="http://127.0.0.1:7900/liveavatar", room="demo-1")
    listed = CliRunner().invoke(app, ["sessions"]).output
    journal.disown()

    assert directory.parent == tmp_path
    assert [line.split() for line in listed.splitlines()][1][:2] == ["s-demo", "demo-1"]


def test_billed_sessions_are_noted_where_every_worker_looks() -> None:
    """After a demo that was killed the next worker stops its session, which a separate directory would hide."""
    settings = Settings(stand_ins_url="http://127.0.0.1:7900", liveavatar_api_key=SecretStr("a-key"))

    assert "STATE_DIR" not in worker_environment(settings)


REAL = {"liveavatar_api_key": "a-key", "stand_ins_url": "http://127.0.0.1:7900"}
STAND_IN = {"stand_ins_url": "http://127.0.0.1:7900"}


@pytest.mark.parametrize(
    ("values", "owner"),
    [
        (REAL, "liveavatar"),
        (REAL | {"livekit_url": "wss://mine.livekit.cloud"}, "ours"),
        (REAL | {"liveavatar_api_url": "http://127.0.0.1:1"}, "ours"),
        (REAL | {"room_owner": "liveavatar"}, "liveavatar"),
        (STAND_IN, "ours"),
        (STAND_IN | {"room_owner": "liveavatar"}, "liveavatar"),
    ],
)
def test_a_real_avatar_gets_a_room_that_it_can_reach(values: dict[str, str], owner: str) -> None:
    """A real avatar can't reach this machine: without another LiveKit server the demo uses LiveAvatar's rooms."""
    settings = with_room_owner(Settings.model_validate(values))

    assert settings.room_owner == owner
    assert worker_environment(settings)["ROOM_OWNER"] == owner


@pytest.mark.parametrize("values", [REAL | {"room_owner": "ours"}, REAL | {"livekit_url": "ws://localhost:7880"}])
def test_a_room_that_a_real_avatar_can_not_reach_ends_the_demo(values: dict[str, str]) -> None:
    """The demo ends before anything is started or billed."""
    with pytest.raises(DemoError, match="can't reach"):
        with_room_owner(Settings.model_validate(values))


def test_a_stand_in_with_liveavatars_rooms_gets_a_server() -> None:
    """The stand-in creates rooms with the same keys that the worker joins with."""
    settings = Settings.model_validate(
        {"livekit_url": "ws://here", "livekit_api_key": "key", "livekit_api_secret": "secret", "web_port": 7890}
    )

    assert livekit_environment(settings).items() <= worker_environment(settings).items()


@pytest.mark.parametrize("port", [0, 7890])
def test_the_page_is_served_at_the_demos_port(port: int) -> None:
    """Port 0 means no page, for a synthetic caller."""
    environment = worker_environment(Settings(web_port=port))

    assert (environment["WEB_PORT"], environment["WEB_HOST"]) == (str(port), "127.0.0.1")


@pytest.mark.parametrize("is_needed", [False, True])
async def test_a_page_that_can_not_be_built_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_needed: bool
) -> None:
    """Other clients can still call, unless callers can only join through the page."""
    monkeypatch.setattr("demo.demo.WEB", tmp_path / "no-sources")
    console = Console(record=True, width=200, quiet=False)
    with pytest.raises(DemoError, match="Cannot build the page") if is_needed else contextlib.nullcontext():
        await _build_page(console, is_needed=is_needed)

    assert ("Cannot build the page" in console.export_text()) is not is_needed
