"""Keeps a call within its budget: measures what the avatar uses, and carries out what the budget decides."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import Any, Protocol

from livekit.agents import AgentSession, UserInputTranscribedEvent
from livekit.agents.utils import log_exceptions

from agent.call.account import Account
from agent.call.budget import Budget, Decision, End, Engage, Limits, Reason, Release, Warn
from agent.settings import Settings

logger = logging.getLogger("agent")

# Seconds for the goodbye, which count as minutes of the call.
GOODBYE_TIMEOUT = 10.0

# Seconds between two requests for the account's balance.
_ASK_EVERY = 180.0


class Avatar(Protocol):
    """An avatar that can come and go; `avatar.AvatarSession` is one."""

    @property
    def seconds_used(self) -> float:
        """Seconds of paid sessions."""

    def release(self, reason: str) -> None:
        """Stop the session, and go on by voice."""

    def engage(self) -> None:
        """Start a session again."""


class BudgetEnforcer:
    """Keeps a call within its limits.

    Args:
        session: The agent session; its states and transcripts count as use of the call.
        limits: Of the call.
        account: The account's use outside this call, and its balance.
        is_seen: Returns whether a caller has a screen.
        on_warning: Called, once, with the seconds until the goodbye is said.
        on_end: Called, once, when the call is to end.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        limits: Limits,
        account: Account,
        *,
        is_seen: Callable[[], bool],
        on_warning: Callable[[float], None],
        on_end: Callable[[Reason], None],
    ) -> None:
        self._session = session
        self._limits = limits
        self._account = account
        self._is_seen = is_seen
        self._on_warning = on_warning
        self._on_end = on_end
        self._news = asyncio.Event()
        self._is_used = False
        self._tasks: list[asyncio.Task[None]] = []

    async def refusal(self) -> Reason | None:
        """Return why no avatar may begin now; None if one may."""
        return await refusal(self._limits, self._account)

    def enforce(self, avatar: Avatar | None, *, is_engaged: bool = True) -> None:
        """Begin, when the session has started.

        Args:
            avatar: The call's avatar; None if it has none: then only the end of an idle call is enforced.
            is_engaged: Whether its session has begun already. Otherwise it is engaged when a caller can see it.
        """
        budget = Budget(self._limits, _now(), is_engaged=is_engaged)
        self._tasks = [asyncio.create_task(self._enforce(budget, avatar), name="budget")]
        if self._limits.credits > -inf:
            self._tasks += [asyncio.create_task(self._watch_credits(), name="budget_credits")]

    def used(self) -> None:
        """Note that a caller said a word, pressed a key or wrote a text."""
        self._is_used = True
        self._news.set()

    def look(self) -> None:
        """Decide again at once, because callers joined or left."""
        self._news.set()

    def stop(self) -> None:
        """Stop deciding."""
        for task in self._tasks:
            task.cancel()

    @log_exceptions(logger=logger)
    async def _enforce(self, budget: Budget, avatar: Avatar | None) -> None:
        self._session.on("user_state_changed", self._on_state_changed)
        self._session.on("agent_state_changed", self._on_state_changed)
        self._session.on("user_input_transcribed", self._on_transcribed)
        try:
            while (deadline := budget.next_timeout()) is not None:
                await self._wait_until(deadline)
                await self._measure(budget, avatar)
                self._tell(budget)
                for decision in budget.decisions():
                    self._carry_out(decision, avatar)
        finally:
            self._session.off("user_state_changed", self._on_state_changed)
            self._session.off("agent_state_changed", self._on_state_changed)
            self._session.off("user_input_transcribed", self._on_transcribed)

    async def _wait_until(self, deadline: float) -> None:
        """Wait for the deadline, or for news."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await self._news.wait()
        self._news.clear()

    async def _measure(self, budget: Budget, avatar: Avatar | None) -> None:
        account = self._account
        await _read_day(self._limits, account)
        if not budget.is_engaged:
            await _read_slots(self._limits, account)
        seconds = 0.0 if avatar is None else avatar.seconds_used
        budget.measure(call=seconds, day=account.seconds_today, credits_left=account.credits_left, slots=account.slots)

    def _tell(self, budget: Budget) -> None:
        now = _now()
        if self._is_used:
            self._is_used = False
            budget.use(now)
        budget.see(seen=self._is_seen())
        # A running tool is not speech, however long the agent's state is `thinking`.
        budget.hear(agent=self._session.agent_state == "speaking", user=self._session.user_state == "speaking")
        budget.handle_timeout(now)

    @log_exceptions(logger=logger)
    async def _watch_credits(self) -> None:
        while True:
            await asyncio.sleep(_ASK_EVERY)
            await self._account.read_credits()

    def _on_state_changed(self, _: object) -> None:
        self._news.set()

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.transcript.strip():
            self.used()

    def _carry_out(self, decision: Decision, avatar: Avatar | None) -> None:
        match decision:
            case Release(reason=reason) if avatar is not None:
                logger.info("the avatar leaves, the call goes on by voice", extra={"reason": reason.value})
                avatar.release(reason)
            case Engage() if avatar is not None:
                logger.info("the avatar is brought into the call")
                avatar.engage()
            case Warn(seconds=seconds):
                logger.info("the minutes of the call are nearly used up", extra={"ends_in": round(seconds, 1)})
                self._on_warning(seconds)
            case End(reason=reason):
                self._on_end(reason)


async def refusal(limits: Limits, account: Account) -> Reason | None:
    """Return why no avatar may begin now; None if one may."""
    await _read_day(limits, account)
    if limits.credits > -inf:
        await account.read_credits()
    refusal = limits.used_up(account.seconds_today, account.credits_left, to_begin=True)
    if refusal is None and limits.slots < inf and not await account.take_slot(int(limits.slots)):
        return Reason.NO_SLOT
    return refusal


async def _read_slots(limits: Limits, account: Account) -> None:
    if limits.slots < inf:
        await account.read_slots()


async def _read_day(limits: Limits, account: Account) -> None:
    if limits.day < inf:
        await account.read_day()


def limits_of(settings: Settings, session_seconds: float | None = None) -> Limits:
    """Return the limits of the settings, where 0 means no limit.

    Args:
        settings: Contain the limits.
        session_seconds: Length of the only session that a call in LiveAvatar's room has, if known.
    """
    call = min(settings.minutes_per_call * 60.0 or inf, session_seconds or inf)
    has_price = settings.lowest_credits and not settings.liveavatar_sandbox
    return Limits(
        call=max(0.0, call - GOODBYE_TIMEOUT),
        day=settings.minutes_per_day * 60.0 or inf,
        slots=settings.avatar_slots or inf,
        credits=settings.lowest_credits if has_price else -inf,
        idle=settings.avatar_idle_seconds or inf,
        silence=settings.call_idle_seconds or inf,
        warning=settings.end_warning_seconds,
        # LiveAvatar's room ends with its session.
        goes_on=settings.room_owner == "ours",
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
