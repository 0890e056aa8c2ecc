"""Beside a call: measures what its avatar uses, and carries out what the budget decides."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import inf
from typing import Any, Protocol

from livekit.agents import AgentSession
from livekit.agents.utils import aio, log_exceptions

from agent.call.account import Account
from agent.call.budget import Budget, Decision, End, Engage, Limits, Release, Warn
from agent.settings import Settings

logger = logging.getLogger("agent")

GOODBYE_TIMEOUT = 10.0
# Seconds for the goodbye, which is within the minutes of the call.

_ASK_EVERY = 180.0
# Seconds from one look at the account's balance to the next.

_ABOUT_TO_SPEAK = {"thinking", "speaking"}


class Avatar(Protocol):
    """What is governed; `avatar.AvatarSession` is one."""

    @property
    def seconds_used(self) -> float:
        """Seconds of sessions that are paid for."""

    def release(self, reason: str) -> None:
        """Go on by voice."""

    def engage(self) -> None:
        """Take the avatar up again."""


class BudgetEnforcer:
    """Keeps a call within its limits. The caller hears of it only in the goodbye, which `on_end` is to say.

    Args:
        session: Tells who speaks.
        limits: What may be used.
        account: What was used and what is left beside this call.
        on_warning: Told, once, in how many seconds the goodbye is said.
        on_end: Called, once, when that is due; it is to end the call.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        limits: Limits,
        account: Account,
        *,
        on_warning: Callable[[float], None],
        on_end: Callable[[], Awaitable[None]],
    ) -> None:
        self._session = session
        self._limits = limits
        self._account = account
        self._on_warning = on_warning
        self._on_end = on_end
        self._heard = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def refusal(self) -> str | None:
        """Why no avatar may be begun now, in words for people; None if one may."""
        return await refusal(self._limits, self._account)

    def enforce(self, avatar: Avatar) -> None:
        """Begin, when the avatar was started and somebody is there to talk with."""
        budget = Budget(self._limits, _now())
        self._tasks = [asyncio.create_task(self._enforce(budget, avatar), name="budget")]
        if self._limits.credits > -inf:
            self._tasks += [asyncio.create_task(self._watch_credits(), name="economy_credits")]

    async def aclose(self) -> None:
        """Decide nothing any more."""
        await aio.cancel_and_wait(*self._tasks)

    @log_exceptions(logger=logger)
    async def _enforce(self, budget: Budget, avatar: Avatar) -> None:
        self._session.on("user_state_changed", self._on_state_changed)
        self._session.on("agent_state_changed", self._on_state_changed)
        try:
            while (deadline := budget.next_timeout()) is not None:
                await self._wait_until(deadline)
                await self._measure(budget, avatar)
                budget.hear(_now(), speech=self._is_speech())
                budget.handle_timeout(_now())
                for decision in budget.decisions():
                    self._carry_out(decision, avatar)
        finally:
            self._session.off("user_state_changed", self._on_state_changed)
            self._session.off("agent_state_changed", self._on_state_changed)
        await self._on_end()

    async def _wait_until(self, deadline: float) -> None:
        """Wait until then, or until it has changed who speaks."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._heard.wait()
        self._heard.clear()

    async def _measure(self, budget: Budget, avatar: Avatar) -> None:
        account = self._account
        await _read_day(self._limits, account)
        budget.measure(call=avatar.seconds_used, day=account.seconds_today, credits_left=account.credits_left)

    @log_exceptions(logger=logger)
    async def _watch_credits(self) -> None:
        while True:
            await asyncio.sleep(_ASK_EVERY)
            await self._account.read_credits()

    def _on_state_changed(self, _: object) -> None:
        self._heard.set()

    def _is_speech(self) -> bool:
        return self._session.user_state == "speaking" or self._session.agent_state in _ABOUT_TO_SPEAK

    def _carry_out(self, decision: Decision, avatar: Avatar) -> None:
        match decision:
            case Release(reason=reason):
                logger.info("the avatar is let go of, the call goes on by voice: %s", reason)
                avatar.release(reason)
            case Engage():
                logger.info("the avatar is taken up again")
                avatar.engage()
            case Warn(seconds=seconds):
                logger.info("the call's minutes are nearly used up", extra={"ends_in": round(seconds, 1)})
                self._on_warning(seconds)
            case End(reason=reason):
                logger.info("the call ends: %s", reason)


async def refusal(limits: Limits, account: Account) -> str | None:
    """Why no avatar may be begun now, in words for people; None if one may."""
    await _read_day(limits, account)
    if limits.credits > -inf:
        await account.read_credits()
    return limits.used_up(account.seconds_today, account.credits_left, to_begin=True)


async def _read_day(limits: Limits, account: Account) -> None:
    if limits.day < inf:
        await account.read_day()


def limits_of(settings: Settings, session_seconds: float | None = None) -> Limits:
    """The limits that the settings ask for; 0 is none.

    Args:
        settings: With the limits.
        session_seconds: Length of the one session that a call has in a room of LiveAvatar's, if that is known.
    """
    call = min(settings.minutes_per_call * 60.0 or inf, session_seconds or inf)
    has_price = settings.lowest_credits and not settings.liveavatar_sandbox
    return Limits(
        call=max(0.0, call - GOODBYE_TIMEOUT),
        day=settings.minutes_per_day * 60.0 or inf,
        credits=settings.lowest_credits if has_price else -inf,
        idle=settings.avatar_idle_seconds or inf,
        warning=settings.end_warning_seconds,
        # The room of LiveAvatar's ends with its session.
        goes_on=settings.room_owner == "ours",
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
