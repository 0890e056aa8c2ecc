"""Whether the account has an avatar for another call."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.call.account import Account
from agent.metrics.catalogue import SLOTS
from agent.process import account_watch
from agent.process.account_watch import AccountWatch
from agent.settings import Settings
from avatar.sessions.journal import SessionJournal

if TYPE_CHECKING:
    from pathlib import Path


class Balance(Account):
    """An account with a given balance and slots."""

    def __init__(self, settings: Settings, left: float | None, slots: int = 0, *, is_key_refused: bool = False) -> None:
        super().__init__(settings, None)
        self.credits_left, self.slots, self.is_key_refused = left, slots, is_key_refused


@pytest.mark.parametrize(
    ("given", "left", "slots", "problem"),
    [
        ({}, None, 0, ""),
        ({}, 12.0, 7, ""),
        ({"avatar_slots": 2}, 12.0, 1, ""),
        ({"avatar_slots": 2}, 12.0, 2, "all 2 slots of LiveAvatar's account are used"),
        ({}, 0.0, 0, "LiveAvatar's account has 0 credits left; calls are by voice"),
        ({"lowest_credits": 20}, 12.0, 0, "LiveAvatar's account has 12 credits left; calls are by voice"),
        ({"lowest_credits": 12}, 12.0, 0, ""),
        ({"liveavatar_sandbox": True}, 0.0, 0, ""),
    ],
)
def test_an_avatar_needs_a_slot_and_credits(
    given: dict[str, Any], left: float | None, slots: int, problem: str
) -> None:
    """An unknown balance or slot count does not refuse a call, and the sandbox costs nothing."""
    settings = Settings.model_validate(given)

    assert AccountWatch(settings, Balance(settings, left, slots)).problem == problem


def test_a_refused_key_comes_first() -> None:
    """The problem names the setting."""
    watch = AccountWatch(Settings(), Balance(Settings(), 0.0, is_key_refused=True))

    assert watch.problem == "LiveAvatar refuses LIVEAVATAR_API_KEY"


async def test_the_account_is_queried_repeatedly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bought credits, a replaced key and a free slot are noticed."""
    monkeypatch.setattr(account_watch, "_COUNTS_EVERY", 0.01)
    monkeypatch.setattr(account_watch, "_LOOKS_EVERY", 0.01)
    reply: tuple[int, dict[str, str]] = (401, {})

    async def tell(_: web.Request) -> web.Response:
        return web.json_response({"code": 1000, "data": reply[1]}, status=reply[0])

    app = web.Application()
    app.router.add_get("/v1/users/credits", tell)
    journal = SessionJournal(tmp_path)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        settings = Settings.model_validate(
            {"liveavatar_api_key": "key", "liveavatar_api_url": url, "state_dir": tmp_path, "avatar_slots": 1}
        )
        watch = AccountWatch.of(settings, journal)
        async with watch.running(), asyncio.timeout(20):
            assert SLOTS._value.get() == 1.0
            await _until(watch, "LiveAvatar refuses LIVEAVATAR_API_KEY")
            reply = (200, {"credits_left": "0"})
            await _until(watch, "LiveAvatar's account has 0 credits left; calls are by voice")
            reply = (200, {"credits_left": "100"})
            await _until(watch, "")
            journal.add("s-1", api_url=settings.avatar_service_url, room="a-room")
            await _until(watch, "all 1 slots of LiveAvatar's account are used")
            journal.mark_started("s-1")
            journal.mark_stopped("s-1")
            await _until(watch, "")
            assert watch.problem == ""


async def _until(watch: AccountWatch, problem: str) -> None:
    while watch.problem != problem:  # noqa: ASYNC110 - read by a task, in a thread
        await asyncio.sleep(0.01)
