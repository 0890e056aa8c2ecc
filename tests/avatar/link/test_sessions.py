"""Starts and stops of sessions: each is answered in time, and a session that may run is always stopped."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from avatar.core import (
    Action,
    AvatarMachine,
    CancelStart,
    Event,
    Refusal,
    SessionRefused,
    StartSession,
    StopSession,
    Timings,
)
from avatar.errors import AvatarError, ConnectionLost, ServiceTimeout, service_error
from avatar.link.driver import Driver
from avatar.link.sessions import RunningSession, SessionExecutor

pytestmark = pytest.mark.looptime


class Source:
    """A source of sessions whose requests take a scripted time, and may fail.

    As at the service, a start takes effect when it is answered, even if its client no longer waits. A stop before
    then stops nothing.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.running: set[str] = set()
        self.most_running = 0
        self.takes = {"prepare": 0.0, "start": 0.0, "stop": 0.0}
        self.fails: dict[str, Exception] = {}
        self._made = 0
        self._starting: set[asyncio.Task[None]] = set()

    async def prepare(self, identity: str, avatar_id: str) -> str:
        await self._call("prepare")
        self._made += 1
        return f"s-{self._made}"

    async def start(self, session_id: str) -> RunningSession:
        starting = asyncio.create_task(self._take_effect(session_id))
        self._starting.add(starting)
        await asyncio.shield(starting)
        return RunningSession(session_id, "wss://x", 600.0)

    async def stop(self, session_id: str) -> None:
        await self._call("stop")
        self.running.discard(session_id)

    async def _take_effect(self, session_id: str) -> None:
        await self._call("start")
        self.running.add(session_id)
        self.most_running = max(self.most_running, len(self.running))

    async def _call(self, name: str) -> None:
        self.asked.append(name)
        await asyncio.sleep(self.takes[name])
        if name in self.fails:
            raise self.fails[name]


class Stage:
    """A machine, its driver and the executor under test. No sockets are opened."""

    def __init__(self, source: Source, timings: Timings | None = None) -> None:
        self.source = source
        self.machine = AvatarMachine("la", asyncio.get_running_loop().time(), timings=timings)
        self.events: list[Event] = []
        self.told: list[int] = []
        self.driver = Driver(self.machine, self.events.append, self._carry_out)
        self.executor = SessionExecutor(self.driver, source, lambda number, _: self.told.append(number))
        self.driver.carry_on()

    @property
    def refusals(self) -> list[Refusal]:
        """Return the reason of each refused session."""
        return [event.refusal for event in self.events if isinstance(event, SessionRefused)]

    async def stopped(self, number: int) -> None:
        """Wait until the machine considers a session stopped."""
        async with asyncio.timeout(600):
            while len(self.machine.sessions) < number or self.machine.sessions[number - 1].is_alive:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    def _carry_out(self, action: Action) -> None:
        match action:
            case StartSession():
                self.executor.start(action)
            case CancelStart():
                self.executor.cancel(action)
            case StopSession():
                self.executor.stop(action)


@asynccontextmanager
async def stage(source: Source, timings: Timings | None = None) -> AsyncIterator[Stage]:
    """Yield a stage; afterwards no task is left."""
    made = Stage(source, timings)
    yield made
    await made.driver.aclose(60.0)
    await made.executor.aclose(1.0)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("avatar_")]


async def test_a_session_that_runs_is_reported_after_its_url() -> None:
    """The WebSocket's address is known before the machine connects."""
    source = Source()
    async with stage(source) as made:
        await asyncio.sleep(0.1)

        assert made.told == [1]
        assert made.machine.sessions[0].session_id == "s-1"
        assert made.machine.sessions[0].ends_at == pytest.approx(600.0)
        assert made.executor.last_error is None

    assert source.asked == ["prepare", "start", "stop"]
    assert source.running == set()


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        (service_error("POST /x", status_code=403, code=4032, body="Session concurrency limit reached"), "NO_SLOT"),
        (service_error("POST /x", status_code=401), "UNAUTHORIZED"),
        (service_error("POST /x", status_code=403, code=4033, body="Insufficient credits"), "NO_CREDITS"),
        (service_error("POST /x", status_code=422), "INVALID"),
        (service_error("POST /x", status_code=503), "UNREACHABLE"),
        (ServiceTimeout("late"), "UNREACHABLE"),
    ],
    ids=["no slot", "wrong key", "no credits", "invalid", "down", "late"],
)
@pytest.mark.parametrize("call", ["prepare", "start"])
async def test_a_refusal_is_reported_with_its_kind(call: str, error: AvatarError, refusal: str) -> None:
    """The kind decides the next step; a session that may have started is stopped, others are not."""
    source = Source()
    source.fails[call] = error
    async with stage(source) as made:
        await asyncio.sleep(0.1)

        assert made.refusals == [Refusal[refusal]]
        assert made.executor.last_error is error
        assert source.asked.count("stop") == (1 if (call, refusal) == ("start", "UNREACHABLE") else 0)


async def test_a_retry_after_is_respected() -> None:
    """`Retry-After` goes to the machine, which waits that long."""
    source = Source()
    source.fails["prepare"] = service_error("POST /x", status_code=429, retry_after=3.0)
    async with stage(source) as made:
        await asyncio.sleep(2.9)
        assert source.asked == ["prepare"]
        source.fails.clear()
        await asyncio.sleep(1.0)

        assert made.machine.sessions[-1].session_id is not None


@pytest.mark.parametrize("call", ["prepare", "start", "stop"])
async def test_an_unexpected_error_is_an_answer_too(call: str, caplog: pytest.LogCaptureFixture) -> None:
    """The machine does not wait for an executor that has failed: the error is logged, and the request repeated."""
    source = Source()
    source.fails[call] = LookupError("a mistake")
    async with stage(source) as made:
        await asyncio.sleep(0.1)
        if call == "stop":
            with made.driver.step() as now:
                made.machine.release("a test", now)
            await asyncio.sleep(1.0)
        else:
            assert isinstance(made.executor.last_error, ConnectionLost)
            assert made.refusals == [Refusal.UNREACHABLE]
        source.fails.clear()
        await asyncio.sleep(5.0)
        assert source.asked.count(call) >= 2

    assert "work for the avatar failed" in caplog.messages
    assert source.running == set()


# Starts that are answered late


async def test_a_start_that_is_answered_after_its_time_limit_is_stopped() -> None:
    """The machine gives it up and stops it; the service starts it all the same, so it is stopped once more."""
    source = Source()
    source.takes["start"] = 4.0
    async with stage(source, Timings(start=1.0)) as made:
        await made.stopped(1)

        assert source.running == set()
        assert source.asked[:4] == ["prepare", "start", "stop", "stop"]
        assert made.driver.now == pytest.approx(4.0, abs=0.2)


async def test_no_session_is_requested_while_a_late_start_may_take_effect() -> None:
    """The late session's stop is confirmed only after its start was answered."""
    source = Source()
    source.takes["start"] = 4.0
    async with stage(source, Timings(start=1.0)) as made:
        await asyncio.sleep(30.0)

        assert source.most_running == 1
        assert len(made.machine.sessions) > 1


async def test_the_end_of_the_call_waits_for_a_pending_start() -> None:
    """A stop that overtakes the start would stop nothing."""
    source = Source()
    source.takes["start"] = 2.0
    async with stage(source):
        await asyncio.sleep(0.5)

    assert source.asked == ["prepare", "start", "stop"]
    assert source.running == set()


async def test_a_start_that_a_stop_has_overtaken_is_stopped_once_more() -> None:
    """A start that is answered 5 s after the call's end is stopped again."""
    source = Source()
    source.takes["start"] = 6.0
    async with stage(source):
        await asyncio.sleep(1.0)

    assert source.asked == ["prepare", "start", "stop", "stop"]
    assert source.running == set()


async def test_closing_before_a_session_is_requested_requests_none() -> None:
    """A session without an id is neither started nor stopped."""
    source = Source()
    source.takes["prepare"] = 20.0
    async with stage(source) as made:
        await asyncio.sleep(0.5)
        with made.driver.step() as now:
            made.machine.close(now)
        await made.stopped(1)
        assert made.driver.now < 1.0

    assert source.asked == ["prepare"]
    assert source.running == set()


# Stops


async def test_a_stop_without_an_answer_is_repeated(caplog: pytest.LogCaptureFixture) -> None:
    """Each try has a limit of 8 s, and logs which session is still billed."""
    source = Source()
    async with stage(source) as made:
        await asyncio.sleep(0.1)
        source.takes["stop"] = 1e9
        with made.driver.step() as now:
            made.machine.release("a test", now)
        await asyncio.sleep(8.5)
        assert source.asked.count("stop") == 1
        assert made.machine.sessions[0].is_alive
        source.takes["stop"] = 0.0
        await made.stopped(1)

    assert source.running == set()
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.message == "avatar session not stopped: it is billed until it is"
    assert (vars(record)["session_id"], vars(record)["reason"]) == ("s-1", "no answer within 8 s")


async def test_a_refused_stop_is_repeated_with_growing_waits() -> None:
    """After five tries the stop is left to the journal, and the call can end."""
    source = Source()
    async with stage(source) as made:
        await asyncio.sleep(0.1)
        source.fails["stop"] = service_error("POST /v1/sessions/stop", status_code=500)
        with made.driver.step() as now:
            made.machine.close(now)
        await asyncio.sleep(120.0)

        assert source.asked.count("stop") == 5
        assert made.machine.is_over


async def test_closing_leaves_no_task_when_a_request_hangs() -> None:
    """Closing cancels pending requests."""
    source = Source()
    source.takes |= {"start": 1e9, "stop": 1e9}
    made = Stage(source)
    await asyncio.sleep(1.0)
    before = made.driver.now
    await made.driver.aclose(9.0)
    await made.executor.aclose(0.5)

    assert made.driver.now - before <= 9.5
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("avatar_")]
