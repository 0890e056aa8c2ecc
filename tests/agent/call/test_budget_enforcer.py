"""The shell of the budget: it measures, listens and carries out."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from math import inf
from typing import TYPE_CHECKING, Any, Literal

import pytest
from livekit import rtc

import agent.call.budget_enforcer
from agent.call.account import Account
from agent.call.budget import Limits
from agent.call.budget_enforcer import GOODBYE_TIMEOUT, BudgetEnforcer, limits_of
from agent.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

AGES = 1000.0


class Session(rtc.EventEmitter[Literal["user_state_changed", "agent_state_changed"]]):
    """Tells who speaks."""

    user_state = "listening"
    agent_state = "listening"

    def user(self, state: str) -> None:
        self.user_state = state
        self.emit("user_state_changed", None)

    def agent(self, state: str) -> None:
        self.agent_state = state
        self.emit("agent_state_changed", None)


class Notes(list[Any]):
    """What happened, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def add(self, what: object) -> None:
        self.append(what)
        self._more.set()

    async def wait_for(self, count: int) -> None:
        """Wait until that much has happened."""
        while len(self) < count:
            self._more.clear()
            await self._more.wait()


class Avatar:
    """What it was told to do."""

    def __init__(self) -> None:
        self.seconds_used = 0.0
        self.told = Notes()

    def release(self, reason: str) -> None:
        self.told.add(reason)

    def engage(self) -> None:
        self.told.add("engage")


class ScriptedAccount(Account):
    """Is what the test says, and counts how often it was asked."""

    def __init__(self, *, day: float = 0.0, credits_left: float | None = None) -> None:
        super().__init__(Settings(), None)
        self.day, self.left = day, credits_left
        self.asked = Notes()

    async def read_day(self) -> None:
        self.asked.add("day")
        self.seconds_today = self.day

    async def read_credits(self) -> None:
        self.asked.add("credits")
        self.credits_left = self.left


class Call:
    """A call that is governed."""

    def __init__(self, limits: Limits, account: ScriptedAccount | None = None) -> None:
        self.session = Session()
        self.avatar = Avatar()
        self.account = account or ScriptedAccount()
        self.warnings = Notes()
        self.ended = asyncio.Event()
        session: Any = self.session
        self.budget = BudgetEnforcer(session, limits, self.account, on_warning=self.warnings.add, on_end=self._end)

    async def _end(self) -> None:
        self.ended.set()

    @asynccontextmanager
    async def governed(self) -> AsyncIterator[Call]:
        self.budget.enforce(self.avatar)
        try:
            yield self
        finally:
            await self.budget.aclose()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tick is short, and so is the wait for the next look at the balance."""
    monkeypatch.setattr("agent.call.budget.TICK", 0.01)
    monkeypatch.setattr(agent.call.budget_enforcer, "_ASK_EVERY", 0.01)


async def test_a_call_is_warned_and_then_ended() -> None:
    """By what its avatar has used; nothing follows the end."""
    async with Call(Limits(call=AGES, warning=30.0)).governed() as call:
        call.avatar.seconds_used = AGES - 20.0
        await call.warnings.wait_for(1)
        assert not call.ended.is_set()
        call.avatar.seconds_used = AGES
        await call.ended.wait()
        call.session.user("speaking")

    assert call.warnings == [20.0]
    assert call.avatar.told == []


async def test_a_quiet_avatar_leaves_and_a_word_brings_it_back() -> None:
    """The word is heard at once, not at the next tick; who writes is answered, which counts as a word too."""
    async with Call(Limits(idle=0.02)).governed() as call:
        await call.avatar.told.wait_for(1)
        call.session.user("speaking")
        await call.avatar.told.wait_for(2)
        call.session.user("listening")
        await call.avatar.told.wait_for(3)
        call.session.agent("thinking")
        await call.avatar.told.wait_for(4)

    assert call.avatar.told == ["nobody speaks", "engage", "nobody speaks", "engage"]


@pytest.mark.parametrize("state", ["thinking", "speaking"])
async def test_who_answers_is_not_quiet(state: str) -> None:
    """The agent's answer, and its thinking of one, keep the avatar."""
    call = Call(Limits(idle=0.0, day=AGES))
    call.session.agent_state = state
    async with call.governed():
        await call.account.asked.wait_for(5)

    assert call.avatar.told == []


async def test_a_day_that_is_used_up_in_the_call_sends_the_avatar_away() -> None:
    """The call goes on: it is neither warned nor ended, and a word does not bring the avatar back."""
    async with Call(Limits(day=AGES)).governed() as call:
        call.account.day = AGES
        await call.avatar.told.wait_for(1)
        call.session.user("speaking")
        await call.account.asked.wait_for(len(call.account.asked) + 3)

    assert call.avatar.told == ["the minutes of the day are used up"]
    assert (call.warnings, call.ended.is_set()) == ([], False)


async def test_a_balance_that_falls_in_the_call_sends_the_avatar_away() -> None:
    """It is asked for again and again, where there is a limit to it."""
    async with Call(Limits(credits=5.0), ScriptedAccount(credits_left=100.0)).governed() as call:
        call.account.left = 1.0
        await call.avatar.told.wait_for(1)

    assert call.avatar.told == ["the account's credits are low"]
    assert set(call.account.asked) == {"credits"}


@pytest.mark.parametrize(
    ("limits", "reason", "asked"),
    [
        (Limits(), None, []),
        (Limits(day=AGES), "the minutes of the day are used up", ["day"]),
        (Limits(credits=5.0), "the account's credits are low", ["credits"]),
        (Limits(day=2 * AGES, credits=1.0), None, ["day", "credits"]),
    ],
)
async def test_whether_an_avatar_may_begin(limits: Limits, reason: str | None, asked: list[str]) -> None:
    """It is looked up before the call's first session, and only what there is a limit to."""
    account = ScriptedAccount(day=AGES, credits_left=3.0)

    assert await Call(limits, account).budget.refusal() == reason
    assert account.asked == asked


async def test_what_was_not_begun_can_be_closed() -> None:
    """A call that ends before anybody came has nothing to govern."""
    await Call(Limits(call=0.0)).budget.aclose()


def test_settings_are_limits_and_nothing_is_none() -> None:
    """Minutes become seconds, the goodbye is within them, and a sandbox costs nothing."""
    values = {"minutes_per_call": 2, "minutes_per_day": 3, "lowest_credits": 4, "avatar_idle_seconds": 5}
    limits = limits_of(Settings.model_validate(values))

    assert limits == Limits(call=120.0 - GOODBYE_TIMEOUT, day=180.0, credits=4.0, idle=5.0, warning=30.0)
    assert limits_of(Settings(avatar_idle_seconds=0)) == Limits()
    assert limits_of(Settings.model_validate(values | {"liveavatar_sandbox": True})).credits == -inf
    assert limits_of(Settings(minutes_per_call=0.1)).call == 0.0


def test_a_session_that_has_the_room_is_a_limit_of_its_own() -> None:
    """The goodbye is said before LiveAvatar ends the room, and a call there does not go on without the avatar."""
    theirs = Settings(room_owner="liveavatar", avatar_idle_seconds=0)

    assert limits_of(theirs) == Limits(goes_on=False)
    assert limits_of(theirs, 60.0).call == 60.0 - GOODBYE_TIMEOUT
    assert limits_of(Settings(minutes_per_call=2), 600.0).call == 120.0 - GOODBYE_TIMEOUT
    assert limits_of(Settings(minutes_per_call=20), 600.0).call == 600.0 - GOODBYE_TIMEOUT
