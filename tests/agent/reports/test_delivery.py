"""Delivery: retries, order, and what is lost if a worker or a job is killed between two steps."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.reports.delivery import FIRST_RETRY, KEPT_EVENTS, LONGEST_RETRY, Delivery, delivering, retry_delay
from agent.reports.outbox import Item, ReportOutbox
from agent.settings import Settings
from tests.agent.reports.report_fakes import START, made
from tests.thread_calls import count_thread_calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

# A job that writes into the outbox; it is killed in the transaction with the given number, before its commit.
JOB = """
import os, signal, sys
from contextlib import contextmanager
from pathlib import Path
from agent.reports.ending import ended, event_item
from agent.reports.events import AvatarLive, CallStarted
from agent.reports.outbox import OpenCall, ReportOutbox
from agent.reports.report import CallReport

directory, killed_in, hook, report = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
draft = CallReport.model_validate_json(report)
told = {"room": draft.room, "job": draft.job, "persona": draft.persona, "metadata": {}}
transactions = 0

class Outbox(ReportOutbox):
    @contextmanager
    def _transaction(self, *, write=False):
        global transactions
        transactions += 1
        with super()._transaction(write=write) as database:
            yield database
            if transactions == killed_in:
                os.kill(os.getpid(), signal.SIGKILL)

outbox = Outbox(directory)
call = OpenCall(draft.job, hook, "", draft.model_copy(update={"end_reason": "goes on"}).model_dump_json())
outbox.open_call(call, [event_item(hook, "call.started", CallStarted(**told), 1.0)])
outbox.put([event_item(hook, "avatar.live", AvatarLive(**told, identity="a", session_id="s"), 2.0)])
outbox.write_draft(draft.job, call.draft)
outbox.close_call(draft.job, ended(draft, webhook=hook, store="", now=3.0))
"""


class Receiver:
    """A receiver that answers each request with the next status, and repeats the last one.

    Attributes:
        events: Id and content of each event that came.
        statuses: The statuses to answer with.
    """

    def __init__(self, *statuses: int) -> None:
        self.events: list[tuple[str, Any]] = []
        self.statuses = list(statuses)
        self.app = web.Application()
        self.app.router.add_post("/hook", self._take)

    @property
    def ids(self) -> list[str]:
        """Return the ids of the events, in the order of their arrival."""
        return [each for each, _ in self.events]

    async def _take(self, request: web.Request) -> web.Response:
        self.events.append((request.headers["webhook-id"], await request.json()))
        return web.Response(status=self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0])


class Clock:
    """A settable Unix clock."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


class Bench:
    """A delivery with a receiver.

    Attributes:
        outbox: The outbox to deliver from.
        hook: The receiver's URL.
        receiver: The receiver of events.
        clock: The delivery's clock.
        delivery: The delivery under test.
    """

    def __init__(self, outbox: ReportOutbox, hook: str, receiver: Receiver, http: aiohttp.ClientSession) -> None:
        self.outbox = outbox
        self.hook = hook
        self.receiver = receiver
        self.clock = Clock()
        self._http = http
        self.delivery = self.worker()

    def worker(self, outbox: ReportOutbox | None = None, **given: object) -> Delivery:
        """Make another worker's delivery from the same outbox."""
        values = {"webhook_url": self.hook, "webhook_secret": SECRET, "webhook_loopback": True, **given}
        return Delivery(
            Settings.model_validate(values),
            outbox or self.outbox,
            trusted=self._http,
            guarded=self._http,
            now=self.clock,
            lot=lambda: 1.0,
        )

    def put(self, *names: str, lane: str = "lane", target: str = "") -> None:
        """Put events into the outbox."""
        self.outbox.put(
            [Item(f"msg_{name}", lane, "event", target or self.hook, name, b"{}", self.clock.now) for name in names]
        )

    async def pass_time(self, seconds: float) -> None:
        """Let time pass, and deliver what is due then."""
        self.clock.now += seconds
        await self.delivery.settle()


@asynccontextmanager
async def bench(tmp_path: Path, *statuses: int) -> AsyncIterator[Bench]:
    """Run a receiver that answers with these statuses."""
    receiver = Receiver(*statuses)
    async with TestServer(receiver.app) as server, aiohttp.ClientSession() as http:
        yield Bench(ReportOutbox(tmp_path / "outbox"), str(server.make_url("/hook")), receiver, http)


def test_retries_back_off() -> None:
    """A delay is between half of a bound and the bound, which doubles up to five minutes."""
    assert [retry_delay(attempts, 1.0) for attempts in (1, 2, 3)] == [FIRST_RETRY, 2.0, 4.0]
    assert retry_delay(1, 0.0) == FIRST_RETRY / 2
    assert retry_delay(9, 1.0) == 256.0
    assert retry_delay(10_000, 1.0) == LONGEST_RETRY


async def test_a_receiver_that_fails_for_an_hour_gets_everything(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Events keep their order and ids, and the log has one warning."""
    async with bench(tmp_path, 500) as it:
        it.put("a", "b")
        for _ in range(3600 // 60):
            await it.pass_time(60.0)
        tried = len(it.receiver.events)
        it.receiver.statuses = [200]
        await it.pass_time(LONGEST_RETRY)
        left = it.outbox.items()

    assert it.receiver.ids == ["msg_a"] * (tried + 1) + ["msg_b"]
    assert tried > 10
    assert left == []
    assert [record.levelname for record in caplog.records] == ["WARNING"]


async def test_calls_do_not_wait_for_each_other(tmp_path: Path) -> None:
    """An event that one call's receiver refuses holds up only that call's events."""
    async with bench(tmp_path, 500, 200) as it:
        it.put("a1", "a2", lane="a")
        await it.delivery.settle()
        it.put("b1", lane="b")
        await it.delivery.settle()

    assert it.receiver.ids == ["msg_a1", "msg_b1"]


async def test_a_refusal_is_logged_once_with_what_to_do(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It is logged again after a delivery; a query, which may hold a secret, is not logged."""
    async with bench(tmp_path, 401, 401, 401, 200, 401) as it:
        it.put("a", "b", target=f"{it.hook}?key=hidden")
        for _ in range(5):
            await it.pass_time(LONGEST_RETRY)
    told: list[Any] = [record for record in caplog.records if record.levelno == logging.ERROR]

    assert ["WEBHOOK_SECRET" in record.hint for record in told] == [True, True]
    assert {record.target for record in told} == {it.hook}


async def test_status_410_stops_a_receiver(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Waiting and later events are dropped until the worker is restarted."""
    async with bench(tmp_path, 410) as it:
        it.put("a", "b")
        await it.delivery.settle()
        it.put("c", "d")
        await it.delivery.settle()
        left = it.outbox.items()
        it.put("e")
        await it.worker().settle()

    assert left == []
    assert it.receiver.ids == ["msg_a", "msg_e"]
    # One record for each worker.
    assert len([record for record in caplog.records if "410" in record.message]) == 2


async def test_an_event_is_given_up_after_days(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Later events have their own days."""
    async with bench(tmp_path, 500) as it:
        it.put("a")
        await it.delivery.settle()
        await it.pass_time(KEPT_EVENTS + 1)
        left = it.outbox.items()

    assert left == []
    assert "given up" in caplog.text


async def test_a_report_is_never_given_up(tmp_path: Path) -> None:
    """Its folder may be missing for weeks."""
    folder = tmp_path / "reports"
    folder.touch()
    async with bench(tmp_path, 200) as it:
        it.outbox.put([Item("1", "file", "file", str(folder), "a/b.json", b"{}", it.clock.now)])
        for _ in range(3):
            await it.pass_time(30 * 86_400.0)
        waiting = [each.name for each in it.outbox.items()]
        folder.unlink()
        await it.pass_time(LONGEST_RETRY)

    assert waiting == ["a/b.json"]
    assert (folder / "a" / "b.json").read_bytes() == b"{}"
    assert it.outbox.items() == []


async def test_a_receiver_may_ask_for_a_pause(tmp_path: Path) -> None:
    """Retry-After sets the delay."""
    async with bench(tmp_path, 200) as it:

        async def busy(_: web.Request) -> web.Response:
            it.receiver.events.append(("asked", None))
            return web.Response(status=503, headers={"Retry-After": "100"})

        app = web.Application()
        app.router.add_post("/busy", busy)
        async with TestServer(app) as server:
            it.put("a", target=str(server.make_url("/busy")))
            await it.pass_time(0.0)
            await it.pass_time(99.0)
            asked_early = len(it.receiver.events)
            await it.pass_time(1.0)

    assert (asked_early, len(it.receiver.events)) == (1, 2)


@pytest.mark.parametrize(
    ("target", "given", "problem"),
    [
        ("https://10.0.0.1/hook", {}, "not on the internet"),
        ("", {"webhook_secret": ""}, "no secret"),
        ("http://example.com/hook", {}, "https"),
    ],
)
async def test_events_that_may_not_be_sent_wait(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, target: str, given: dict[str, Any], problem: str
) -> None:
    """The settings may be corrected; nothing is sent to the receiver."""
    async with bench(tmp_path, 200) as it:
        it.put("a", target=target)
        await it.worker(**given).settle()
        left = [each.name for each in it.outbox.items()]
    told: list[Any] = caplog.records

    assert left == ["a"]
    assert it.receiver.events == []
    assert problem in told[0].problem


class Killed(BaseException):
    """The worker's process ends here."""


class DyingOutbox(ReportOutbox):
    """An outbox that ends its process before or after one of its methods.

    Args:
        directory: Directory that it shares with living outboxes.
        before: Method before which it dies.
        after: Method after which it dies.
    """

    def __init__(self, directory: Path, *, before: str = "", after: str = "") -> None:
        super().__init__(directory)
        for name in {before, after} - {""}:
            setattr(self, name, self._dying(getattr(self, name), before=bool(before)))

    def _dying(self, method: Callable[..., Any], *, before: bool) -> Callable[..., Any]:
        def run(*args: Any, **options: Any) -> None:
            if not before:
                method(*args, **options)
            raise Killed

        return run


async def look_and_deliver(delivery: Delivery) -> None:
    """Deliver what is due now, once, and raise what the delivery raises."""
    await delivery.look()
    await asyncio.gather(*delivery._running)


@pytest.mark.parametrize(
    ("death", "came"),
    [
        ({"before": "claim"}, ["msg_a"]),
        ({"after": "claim"}, ["msg_a"]),
        ({"before": "done"}, ["msg_a", "msg_a"]),
        ({"after": "done"}, ["msg_a"]),
    ],
)
async def test_a_worker_that_is_killed_loses_nothing(tmp_path: Path, death: dict[str, str], came: list[str]) -> None:
    """It may be killed between any two steps; an event without its note is sent again under the same id."""
    async with bench(tmp_path, 200) as it:
        it.put("a")
        dying = it.worker(DyingOutbox(it.outbox.directory, **death))
        with pytest.raises(Killed):
            await look_and_deliver(dying)
        await it.pass_time(61.0)
        left = it.outbox.items()

    assert it.receiver.ids == came
    assert left == []


@pytest.mark.parametrize(
    ("killed_in", "events", "reason"),
    [
        (1, [], None),
        (2, ["call.started", "call.ended"], "the process of the call was killed"),
        (3, ["call.started", "avatar.live", "call.ended"], "the process of the call was killed"),
        (4, ["call.started", "avatar.live", "call.ended"], "the process of the call was killed"),
        (5, ["call.started", "avatar.live", "call.ended"], "the caller has left"),
    ],
)
async def test_a_job_that_is_killed_gets_an_end(
    tmp_path: Path, killed_in: int, events: list[str], reason: str | None
) -> None:
    """SIGKILL may come in any transaction; a call that was never noted has no events."""
    async with bench(tmp_path, 200) as it:
        arguments = [str(it.outbox.directory), str(killed_in), it.hook, made().model_dump_json()]
        job = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-c", JOB, *arguments], check=False, capture_output=True
        )
        await it.delivery.settle()
        await it.delivery.settle()
    ended = [event["data"]["report"]["end_reason"] for _, event in it.receiver.events if event["type"] == "call.ended"]

    assert job.returncode == (-signal.SIGKILL if killed_in < 5 else 0), job.stderr
    assert [event["type"] for _, event in it.receiver.events] == events
    assert ended == ([] if reason is None else [reason])


async def test_delivery_runs_with_the_worker(tmp_path: Path) -> None:
    """Items are delivered while it runs and once more at its end."""
    receiver = Receiver(200)
    outbox = ReportOutbox(tmp_path)
    async with TestServer(receiver.app) as server:
        hook = str(server.make_url("/hook"))
        values = {"webhook_url": hook, "webhook_secret": SECRET, "webhook_loopback": True}
        async with delivering(Settings.model_validate(values), outbox):
            outbox.put([Item("msg_a", "lane", "event", hook, "a", json.dumps({}).encode(), START)])
            async with asyncio.timeout(20):
                while not receiver.events:  # noqa: ASYNC110 - it looks once a second
                    await asyncio.sleep(0.05)
            outbox.put([Item("msg_b", "lane", "event", hook, "b", b"{}", START)])

    assert receiver.ids == ["msg_a", "msg_b"]


async def test_a_look_that_finds_nothing_calls_one_thread(tmp_path: Path) -> None:
    """A worker looks once a second, and nearly always finds nothing."""
    async with bench(tmp_path, 200) as it:
        it.outbox.prepare()
        threads = count_thread_calls()
        await it.delivery.look()
        await it.delivery.look()

    assert threads.calls == 2
