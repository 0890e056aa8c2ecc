"""The budget enforcer: it measures, listens and carries out decisions."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from math import inf
from typing import TYPE_CHECKING, Any, Literal

import pytest
from livekit import rtc
from livekit.agents import UserInputTranscribedEvent

import agent.call.budget_enforcer
from agent.call.account import Account
from agent.call.budget import Limits, Reason
from agent.call.budget_enforcer import GOODBYE_TIMEOUT, BudgetEnforcer, limits_of
from agent.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

AGES = 1000.0


class Session(rtc.EventEmitter[Literal["user_state_changed", "agent_state_changed", "user_input_transcribed"]]):
    """A session that reports who speaks, and what was transcribed."""

    user_state = "listening"
    agent_state = "listening"

    def user(self, state: str) -> None:
        self.user_state = state
        self.emit("user_state_changed", None)

    def agent(self, state: str) -> None:
        self.agent_state = state
        self.emit("agent_state_changed", None)

    def understand(self, text: str) -> None:
        self.emit("user_input_transcribed", UserInputTranscribedEvent(transcript=text, is_final=False))


class Notes(list[Any]):
    """Everything that happened, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._more = asyncio.Event()

    def add(self, what: object) -> None:
        self.append(what)
        self._more.set()

    async def wait_for(self, count: int) -> None:
        """Wait until so many things have happened."""
        while len(self) < count:
            self._more.clear()
            await self._more.wait()


class Avatar:
    """An avatar that records its calls."""

    def __init__(self) -> None:
        self.seconds_used = 0.0
        self.told = Notes()

    def release(self, reason: str) -> None:
        self.told.add(reason)

    def engage(self) -> None:
        self.told.add("engage")


class ScriptedAccount(Account):
    """An account with scripted values that counts its queries."""

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
    """A call whose budget is enforced."""

    def __init__(self, limits: Limits, account: ScriptedAccount | None = None) -> None:
        self.session = Session()
        self.avatar = Avatar()
        self.account = account or ScriptedAccount()
        self.warnings = Notes()
        self.ended = Notes()
        self.is_seen = True
        session: Any = self.session
        self.budget = BudgetEnforcer(
            session,
            limits,
            self.account,
            is_seen=lambda: self.is_seen,
            on_warning=self.warnings.add,
            on_end=self.ended.add,
        )

    async def decides(self, count: int) -> None:
        """Let the budget decide so many more times."""
        for _ in range(count):
            self.budget.look()
            await asyncio.sleep(0.02)

    @asynccontextmanager
    async def governed(self, *, is_engaged: bool = True, has_avatar: bool = True) -> AsyncIterator[Call]:
        self.budget.enforce(self.avatar if has_avatar else None, is_engaged=is_engaged)
        try:
            yield self
        finally:
            self.budget.stop()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a tick short, and the wait between two balance requests."""
    monkeypatch.setattr("agent.call.budget.TICK", 0.01)
    monkeypatch.setattr(agent.call.budget_enforcer, "_ASK_EVERY", 0.01)


async def test_a_call_is_warned_and_then_ended() -> None:
    """The warning and the end depend on the avatar's seconds; nothing follows the end."""
    async with Call(Limits(call=AGES, warning=30.0)).governed() as call:
        call.avatar.seconds_used = AGES - 20.0
        await call.warnings.wait_for(1)
        assert not call.ended
        call.avatar.seconds_used = AGES
        await call.ended.wait_for(1)
        call.session.understand("more")

    assert call.warnings == [20.0]
    assert call.ended == [Reason.CALL_IS_USED]
    assert call.avatar.told == []


async def test_a_quiet_avatar_leaves_and_use_brings_it_back() -> None:
    """A word and a key are noticed at once, not at the next tick."""
    async with Call(Limits(idle=0.02)).governed() as call:
        await call.avatar.told.wait_for(1)
        call.session.understand("hello")
        await call.avatar.told.wait_for(3)
        call.budget.used()
        await call.avatar.told.wait_for(4)

    assert call.avatar.told[:4] == [Reason.IDLE, "engage", Reason.IDLE, "engage"]


@pytest.mark.parametrize(("who", "state"), [("user", "speaking"), ("agent", "thinking"), ("user", "listening")])
async def test_neither_a_noise_nor_a_tool_that_hangs_keeps_an_idle_avatar(who: str, state: str) -> None:
    """A sound without a word is not use, and an agent that thinks for ever says nothing."""
    async with Call(Limits(idle=0.02)).governed() as call:
        (call.session.user if who == "user" else call.session.agent)(state)
        call.session.understand(" ")
        await call.avatar.told.wait_for(1)
        call.session.understand(" ")
        (call.session.user if who == "user" else call.session.agent)("listening")
        (call.session.user if who == "user" else call.session.agent)(state)
        await call.decides(3)

    assert call.avatar.told == [Reason.IDLE]


async def test_an_avatar_that_speaks_stays() -> None:
    """The avatar stays while it speaks, and leaves afterwards."""
    call = Call(Limits(idle=0.0))
    call.session.agent_state = "speaking"
    async with call.governed():
        await call.decides(3)
        assert call.avatar.told == []
        call.session.agent("listening")
        await call.avatar.told.wait_for(1)


async def test_an_avatar_comes_when_somebody_can_see_it() -> None:
    """A caller who joins with a screen gets the avatar at once; a telephone alone does not."""
    call = Call(Limits())
    call.is_seen = False
    async with call.governed(is_engaged=False):
        await call.decides(3)
        assert call.avatar.told == []
        call.is_seen = True
        call.budget.look()
        await call.avatar.told.wait_for(1)
        call.is_seen = False
        call.budget.look()
        await call.avatar.told.wait_for(2)

    assert call.avatar.told == ["engage", Reason.UNSEEN]


async def test_an_idle_call_without_an_avatar_ends() -> None:
    """The call's idle limit also holds without an avatar."""
    async with Call(Limits(silence=0.02)).governed(has_avatar=False) as call:
        await call.ended.wait_for(1)

    assert call.ended == [Reason.IDLE]
    assert call.avatar.told == []


async def test_a_day_that_is_used_up_in_the_call_sends_the_avatar_away() -> None:
    """The call goes on: it is neither warned nor ended, and a word does not bring the avatar back."""
    async with Call(Limits(day=AGES)).governed() as call:
        call.account.day = AGES
        await call.avatar.told.wait_for(1)
        call.session.understand("hello")
        await call.account.asked.wait_for(len(call.account.asked) + 3)

    assert call.avatar.told == [Reason.DAY_IS_USED]
    assert (call.warnings, call.ended) == ([], [])


async def test_a_balance_that_falls_in_the_call_sends_the_avatar_away() -> None:
    """With a lower limit set, the balance is requested repeatedly during the call."""
    async with Call(Limits(credits=5.0), ScriptedAccount(credits_left=100.0)).governed() as call:
        call.account.left = 1.0
        await call.avatar.told.wait_for(1)

    assert call.avatar.told == [Reason.CREDITS_ARE_LOW]
    assert set(call.account.asked) == {"credits"}


@pytest.mark.parametrize(
    ("limits", "reason", "asked"),
    [
        (Limits(), None, []),
        (Limits(day=AGES), Reason.DAY_IS_USED, ["day"]),
        (Limits(credits=5.0), Reason.CREDITS_ARE_LOW, ["credits"]),
        (Limits(day=2 * AGES, credits=1.0), None, ["day", "credits"]),
    ],
)
async def test_whether_an_avatar_may_begin(limits: Limits, reason: Reason | None, asked: list[str]) -> None:
    """The balance is requested before the call's first session, and only when a lower limit is set."""
    account = ScriptedAccount(day=AGES, credits_left=3.0)

    assert await Call(limits, account).budget.refusal() == reason
    assert account.asked == asked


async def test_a_budget_that_was_not_started_can_be_stopped() -> None:
    """A call that ends before a caller joined has nothing to enforce."""
    call = Call(Limits(call=0.0))
    call.budget.stop()

    assert call.ended == []


def test_settings_become_limits_and_zero_is_no_limit() -> None:
    """Minutes become seconds, the goodbye is part of them, and a sandbox session costs nothing."""
    values = {
        "minutes_per_call": 2,
        "minutes_per_day": 3,
        "lowest_credits": 4,
        "avatar_idle_seconds": 5,
        "call_idle_seconds": 6,
    }
    limits = limits_of(Settings.model_validate(values))

    assert limits == Limits(call=120.0 - GOODBYE_TIMEOUT, day=180.0, credits=4.0, idle=5.0, silence=6.0, warning=30.0)
    assert limits_of(Settings(avatar_idle_seconds=0, call_idle_seconds=0)) == Limits()
    assert limits_of(Settings.model_validate(values | {"liveavatar_sandbox": True})).credits == -inf
    assert limits_of(Settings(minutes_per_call=0.1)).call == 0.0


def test_a_hosted_sessions_duration_is_a_limit() -> None:
    """The goodbye is said before LiveAvatar closes its room, and such a call does not go on without the avatar."""
    theirs = Settings(room_owner="liveavatar", avatar_idle_seconds=0, call_idle_seconds=0)

    assert limits_of(theirs) == Limits(goes_on=False)
    assert limits_of(theirs, 60.0).call == 60.0 - GOODBYE_TIMEOUT
    assert limits_of(Settings(minutes_per_call=2), 600.0).call == 120.0 - GOODBYE_TIMEOUT
    assert limits_of(Settings(minutes_per_call=20), 600.0).call == 600.0 - GOODBYE_TIMEOUT
