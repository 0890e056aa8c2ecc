"""Usable and unusable Redis servers: at the start each problem is one error without a password."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.sessions.sweeper import open_checked_state, open_journal
from agent.settings import Settings, SettingsError
from agent.state import redis_state
from agent.state.conversations import LocalConversations, NoConversations
from agent.state.redis_state import RedisState, StateAwayError
from agent.state.shared_state import check_state, open_state
from avatar.sessions.journal import SessionJournal
from demo.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agent.state.redis_server import RedisServer

PASSWORD = "a-password"


def settings_with(url: str, **given: object) -> Settings:
    """Make settings that name this Redis."""
    return Settings.model_validate({"state_url": url, **given})


def test_a_redis_that_answers_is_accepted(server: RedisServer) -> None:
    """Its version is new enough, and it runs the scripts."""
    check_state(settings_with(server.url))

    with server.client() as client:
        assert client.keys("*") == []


def test_a_redis_that_does_not_answer_is_a_wrong_setting() -> None:
    """The error names the setting and the address, and shows no password."""
    port = free_port()
    with pytest.raises(SettingsError, match=rf"STATE_URL: .*127\.0\.0\.1:{port}") as caught:
        check_state(settings_with(f"redis://:{PASSWORD}@127.0.0.1:{port}"))

    assert PASSWORD not in str(caught.value)


def test_a_redis_that_is_too_old_is_a_wrong_setting(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names both versions."""
    monkeypatch.setattr(redis_state, "_OLDEST", (99, 0))
    with pytest.raises(SettingsError, match=r"STATE_URL: the Redis has version \d+\.\d+\.\d+, and needs 99\.0"):
        check_state(settings_with(server.url))


def test_a_password_that_is_refused_is_a_wrong_setting(server: RedisServer) -> None:
    """The error does not show it."""
    with pytest.raises(SettingsError, match="STATE_URL") as caught:
        check_state(settings_with(server.url.replace("redis://", f"redis://somebody:{PASSWORD}@")))

    assert PASSWORD not in str(caught.value)


def test_after_a_failure_redis_is_not_asked_for_a_moment(server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """Requests fail at once; the failure and the recovery are logged once each."""
    now = 1000.0
    state = RedisState(server.url, lambda: now)
    server.kill()
    for _ in range(2):
        with pytest.raises(StateAwayError, match="can't be used"):
            state.run("entries")
        with pytest.raises(StateAwayError, match="a moment ago"):
            state.run("entries")
        now += 1.0
    server.start()
    state.run("entries")
    state.close()

    assert [record.getMessage() for record in caplog.records] == [
        "the fleet's Redis is away; calls go on",
        "the fleet's Redis is back",
    ]


def test_while_redis_is_away_the_page_works_and_a_worker_does_not_start(tmp_path: Path) -> None:
    """Callers still get tokens; the worker's error names the setting."""
    settings = settings_with(f"redis://127.0.0.1:{free_port()}", state_dir=tmp_path)

    assert open_journal(settings).entries() == []
    with pytest.raises(SettingsError, match="STATE_URL"):
        open_checked_state(settings)


def test_without_a_redis_the_state_is_kept_on_this_machine(tmp_path: Path) -> None:
    """This is the default; KEEP_CONVERSATION=no keeps no conversation."""
    state = open_state(Settings(state_dir=tmp_path))
    without = open_state(Settings(state_dir=tmp_path, keep_conversation=False))

    assert isinstance(state.journal, SessionJournal)
    assert not state.is_away()
    assert isinstance(state.conversations, LocalConversations)
    assert isinstance(without.conversations, NoConversations)
