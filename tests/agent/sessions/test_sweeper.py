"""The sweeper next to the worker: from before its first call to after its last."""

import tempfile
from pathlib import Path

import pytest

from agent.sessions import sweeper
from agent.sessions.sweeper import open_journal, sweeping
from agent.settings import Settings, SettingsError
from avatar.sessions.journal import SessionJournal
from tests.avatar.fakes import KEY, LiteService


def settings_for(url: str, state: Path) -> Settings:
    """Make settings of a worker whose avatar service is at this address."""
    return Settings.model_validate({"liveavatar_api_key": KEY, "liveavatar_api_url": url, "state_dir": state})


def leave(state: Path, url: str, session_id: str) -> None:
    """Leave a session running, as a killed process does."""
    dead = SessionJournal(state)
    dead.add(session_id, api_url=url)
    dead.mark_started(session_id)
    dead.disown()


async def test_sweeps_run_at_the_start_during_the_run_and_at_the_end(tmp_path: Path) -> None:
    """An earlier worker's sessions are stopped at the start, a killed job's within seconds, the last at the end."""
    service = LiteService()
    async with service.running_server() as url:
        leave(tmp_path, url, "s-before")
        settings = settings_for(url, tmp_path)
        async with sweeping(settings, open_journal(settings)):
            await _stopped(service, 1)
            leave(tmp_path, url, "s-during")
            await _stopped(service, 2)
            leave(tmp_path, url, "s-after")

    assert [body["session_id"] for body in service.called("stop")] == ["s-before", "s-during", "s-after"]
    assert SessionJournal(tmp_path).entries() == []


async def test_a_sweep_can_be_requested(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an agent is known to be dead, its sessions don't wait for the next sweep."""
    monkeypatch.setattr(sweeper, "_SWEEP_INTERVAL", 3600.0)
    service = LiteService()
    async with service.running_server() as url:
        settings = settings_for(url, tmp_path)
        async with sweeping(settings, open_journal(settings)) as sweep_now:
            for session in ("s-1", "s-2"):
                leave(tmp_path, url, session)
                sweep_now()
                await _stopped(service, int(session[-1]))

    assert [body["session_id"] for body in service.called("stop")] == ["s-1", "s-2"]


async def test_a_broken_journal_does_not_end_the_worker(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A failing sweep is logged, and the worker goes on."""
    (tmp_path / "file").touch()
    settings = settings_for("http://127.0.0.1:1", tmp_path / "file")
    async with sweeping(settings, SessionJournal(settings.state_dir)):
        pass

    told = [record for record in caplog.records if "sweep for orphaned avatar sessions failed" in record.getMessage()]
    assert told
    assert str(tmp_path / "file") in vars(told[0])["error"]


def test_a_read_only_state_directory_is_a_wrong_setting(tmp_path: Path) -> None:
    """The worker reports it before it takes calls, with the variable's name and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"STATE_DIR.*name a directory that can be written"):
        open_journal(settings_for("", tmp_path / "file"))


def test_the_state_directory_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a setting it is below XDG_STATE_HOME, and without that below the home directory."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    assert Settings().state_dir == tmp_path / ".local/state/liveavatar-agent"

    monkeypatch.setenv("XDG_STATE_HOME", "/var/state")
    assert Settings().state_dir == Path("/var/state/liveavatar-agent")

    monkeypatch.setenv("STATE_DIR", "~/here")
    assert Settings().state_dir == tmp_path / "here"


def test_a_journal_that_may_not_outlive_a_restart_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Without a home directory it is in a temporary one; a directory that was set is not reported."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("HOME", "/dev/null")
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    by_default = Settings().state_dir
    open_journal(Settings())
    open_journal(Settings(state_dir=by_default))

    assert by_default.parent == tmp_path
    (record,) = caplog.records
    assert "set STATE_DIR" in record.getMessage()
    assert vars(record)["state_dir"] == str(by_default)


async def _stopped(service: LiteService, count: int) -> None:
    async with service.changed:
        await service.changed.wait_for(lambda: len(service.called("stop")) >= count)
