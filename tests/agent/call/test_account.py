"""What is known of the account, and what happens when it can't be read."""

from __future__ import annotations

import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.call.account import Account
from agent.settings import Settings
from avatar.sessions.journal import SessionJournal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import pytest

NOON = 1_800_014_400.0
# Seconds.
HOUR = 3600.0


def settings_for(url: str, state: Path) -> Settings:
    """Return settings of a worker whose avatar service is at this address."""
    return Settings.model_validate({"liveavatar_api_key": "key", "liveavatar_api_url": url, "state_dir": state})


@asynccontextmanager
async def service(*balances: str) -> AsyncIterator[str]:
    """Run a service that reports one balance after another, and then fails."""
    left = list(balances)

    async def tell(_: web.Request) -> web.Response:
        if not left:
            return web.json_response({"message": "down"}, status=503)
        return web.json_response({"code": 1000, "data": {"credits_left": left.pop(0)}})

    app = web.Application()
    app.router.add_get("/v1/users/credits", tell)
    async with TestServer(app) as server:
        yield str(server.make_url("")).rstrip("/")


async def test_a_balance_that_can_not_be_read_stays_what_it_was(tmp_path: Path) -> None:
    """A malformed or failed reply leaves the last known balance unchanged."""
    async with service("12.5", "much") as url:
        account = Account(settings_for(url, tmp_path), None)
        known = [account.credits_left]
        for _ in range(3):
            await account.read_credits()
            known += [account.credits_left]

    assert known == [None, 12.5, 12.5, 12.5]


async def test_the_day_begins_at_midnight_where_the_worker_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A session that began before midnight counts from midnight; another service's session does not count."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        # One in the morning in Tokyo.
        now = NOON + 4 * HOUR
        began = now - 3 * HOUR
        url = "http://127.0.0.1:1"
        journal = SessionJournal(tmp_path, lambda: began)
        for session_id, api_url in (("ours", url), ("another's", "http://127.0.0.1:2")):
            journal.add(session_id, api_url=api_url)
            journal.mark_started(session_id)
        later = SessionJournal(tmp_path, lambda: now)
        account = Account(settings_for(f"{url}/v1/sessions", tmp_path), later, lambda: now)
        # The service is not asked.
        monkeypatch.setattr("agent.call.account.avatar_service", None)
        await account.read_day()
    finally:
        monkeypatch.undo()
        time.tzset()

    assert account.seconds_today == HOUR


async def test_a_journal_that_can_not_be_read_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The last known value is kept; without a journal nothing is known, and nothing is logged."""
    (tmp_path / "file").touch()
    settings = settings_for("http://127.0.0.1:1", tmp_path / "file")
    account = Account(settings, SessionJournal(settings.state_dir))
    account.seconds_today = 7.0
    await account.read_day()
    await Account(settings, None).read_day()

    assert account.seconds_today == 7.0
    assert [record.getMessage().split(":")[0] for record in caplog.records] == [
        "what the avatar has used today is not known"
    ]
