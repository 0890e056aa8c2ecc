"""Delivers the items of the outbox while the worker runs."""

import asyncio
import logging
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import aiohttp

from agent.reports.ending import ended_by_kill
from agent.reports.outbox import Claimed, Item, OutboxError, ReportOutbox
from agent.reports.store import open_store, write_file
from agent.reports.webhook import Outcome, PublicResolver, Verdict, send_webhook, webhook_problem
from agent.settings import Settings
from avatar.http import client_session

if TYPE_CHECKING:
    from obstore.store import ObjectStore

logger = logging.getLogger("agent")

# Seconds between two looks into the outbox.
_LOOKS_EVERY = 1.0

# Seconds for which no other attempt takes a claimed item: more than an attempt may take.
_LEASE = 60.0

# Most deliveries at a time.
_MOST_AT_ONCE = 16

# Seconds between two attempts: the first, and the longest. Each failure doubles them.
FIRST_RETRY = 1.0
LONGEST_RETRY = 300.0

# Seconds after which an event is given up. A report is never given up.
KEPT_EVENTS = 3 * 86_400.0

# Seconds for the last deliveries when the worker ends: one in development has 15 s to end, with its jobs.
_LAST_TIMEOUT = 5.0

# Most targets that have answered 410, and most logged problems, that are remembered.
_MOST_REMEMBERED = 1000


def retry_delay(attempts: int, lot: float) -> float:
    """Return the seconds to wait after a failed attempt.

    Args:
        attempts: Number of failed attempts.
        lot: Random number from 0 to 1, so that items that failed together are not retried together.
    """
    longest = min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(attempts - 1, 30))
    return longest * (0.5 + 0.5 * lot)


class Delivery:
    """Delivers items, each lane in its order.

    Args:
        settings: Contain the webhook secret and the rules for URLs.
        outbox: The outbox of this machine.
        trusted: Sends to the operator's own receiver.
        guarded: Sends to receivers that a call's configuration names.
        now: Returns Unix time.
        lot: Returns a random number from 0 to 1.
    """

    def __init__(
        self,
        settings: Settings,
        outbox: ReportOutbox,
        *,
        trusted: aiohttp.ClientSession,
        guarded: aiohttp.ClientSession,
        now: Callable[[], float] = time.time,
        lot: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._outbox = outbox
        self._trusted = trusted
        self._guarded = guarded
        self._now = now
        self._lot = lot
        self._stores: dict[str, ObjectStore] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._gone: deque[str] = deque(maxlen=_MOST_REMEMBERED)
        self._told: deque[tuple[str, str]] = deque(maxlen=_MOST_REMEMBERED)

    async def look(self) -> None:
        """Start to deliver due items, and write the reports of calls whose process was killed."""
        for claimed in await asyncio.to_thread(self._take, _MOST_AT_ONCE - len(self._running)):
            task = asyncio.create_task(self._deliver(claimed), name="report_delivery")
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def settle(self) -> None:
        """Deliver until nothing is due and nothing is being delivered."""
        await self.look()
        while self._running:
            await asyncio.wait(set(self._running), return_when=asyncio.FIRST_COMPLETED)
            await self.look()

    async def aclose(self) -> None:
        """Cancel the running deliveries; they are due again when their lease is over."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def _take(self, most: int) -> list[Claimed]:
        """Close the calls whose process was killed, and claim due items. Blocks: one thread call a look is enough."""
        for call in self._outbox.abandoned():
            extra = {"job": call.job}
            logger.warning("the process of a call was killed; its report ends where it was last written", extra=extra)
            self._outbox.close_call(call.job, ended_by_kill(call, self._now()))
        return self._outbox.claim(self._now(), lease=_LEASE, most=most) if most > 0 else []

    async def _deliver(self, claimed: Claimed) -> None:
        try:
            outcome = await self._attempt(claimed)
            await self._note(claimed, outcome)
        except OutboxError as error:
            logger.error("%s", error)  # noqa: TRY400 - a sentence, no traceback
        except Exception:
            logger.exception("a delivery failed; it will be retried")

    async def _attempt(self, claimed: Claimed) -> Outcome:
        item, settings = claimed.item, self._settings
        if item.target in self._gone:
            return Outcome(Verdict.GONE, "it has answered 410 before")
        if item.kind == "file":
            return await self._write(item)
        is_trusted = item.target == settings.webhook_url
        if problem := webhook_problem(item.target, loopback=settings.webhook_loopback, is_trusted=is_trusted):
            return Outcome(Verdict.RETRY, problem, "set another URL, or wait until the event is given up")
        secret = settings.webhook_secret.get_secret_value()
        if not secret:
            return Outcome(Verdict.RETRY, "there is no secret", "set WEBHOOK_SECRET")
        return await send_webhook(self._trusted if is_trusted else self._guarded, item, secret, self._now())

    async def _write(self, item: Item) -> Outcome:
        if (store := self._stores.get(item.target)) is None:
            try:
                store = self._stores[item.target] = open_store(item.target)
            except ValueError as error:
                return Outcome(Verdict.RETRY, str(error), "is REPORTS right?")
        return await write_file(store, item)

    async def _note(self, claimed: Claimed, outcome: Outcome) -> None:
        item, now = claimed.item, self._now()
        extra = {"target": _shown(item.target), "what": item.name, "problem": outcome.problem}
        if outcome.verdict is Verdict.DELIVERED:
            await asyncio.to_thread(self._outbox.done, claimed.seq)
            self._told = deque((each for each in self._told if each[0] != item.target), maxlen=_MOST_REMEMBERED)
        elif outcome.verdict is Verdict.GONE:
            await self._stop(item.target, extra)
        elif item.kind == "event" and now - item.made_at > KEPT_EVENTS:
            logger.error("an event is given up: its receiver has not accepted it for days", extra=extra)
            await asyncio.to_thread(self._outbox.done, claimed.seq)
        else:
            self._tell(item.target, outcome, extra)
            delay = max(retry_delay(claimed.attempts + 1, self._lot()), min(outcome.wait or 0.0, LONGEST_RETRY))
            await asyncio.to_thread(self._outbox.retry, claimed.seq, now + delay)

    async def _stop(self, target: str, extra: dict[str, str]) -> None:
        dropped = await asyncio.to_thread(self._outbox.drop, target)
        if target not in self._gone:
            self._gone.append(target)
            message = "a receiver of webhooks has answered 410 Gone: it gets no more until the worker is restarted"
            logger.error(message, extra={**extra, "dropped": dropped})

    def _tell(self, target: str, outcome: Outcome, extra: dict[str, str]) -> None:
        """Log a problem of a target once, until something was delivered there."""
        if (target, outcome.problem) in self._told:
            return
        self._told.append((target, outcome.problem))
        if outcome.hint:
            logger.error("a report or event was refused; it will be retried", extra={**extra, "hint": outcome.hint})
        else:
            logger.warning("a report or event could not be delivered; it will be retried", extra=extra)


def _shown(target: str) -> str:
    """Return a target without its query, which may hold a secret."""
    return target.partition("?")[0]


@asynccontextmanager
async def delivering(settings: Settings, outbox: ReportOutbox) -> AsyncIterator[None]:
    """Deliver while the body runs, and for five seconds more at its end; the next worker delivers the rest.

    Args:
        settings: The worker's.
        outbox: The outbox of this machine.
    """
    async with AsyncExitStack() as stack:
        connector = aiohttp.TCPConnector(resolver=PublicResolver(loopback=settings.webhook_loopback))
        delivery = Delivery(
            settings,
            outbox,
            trusted=await stack.enter_async_context(client_session()),
            guarded=await stack.enter_async_context(client_session(connector=connector)),
        )
        stack.push_async_callback(delivery.aclose)
        looking = asyncio.create_task(_look_for_ever(delivery), name="report_deliveries")
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking
            with suppress(TimeoutError, OutboxError):
                await asyncio.wait_for(delivery.settle(), _LAST_TIMEOUT)


async def _look_for_ever(delivery: Delivery) -> None:
    while True:
        try:
            await delivery.look()
        except OutboxError as error:
            logger.error("%s", error)  # noqa: TRY400 - a sentence, no traceback
        except Exception:
            logger.exception("the look into the outbox failed; it will be retried")
        await asyncio.sleep(_LOOKS_EVERY)
