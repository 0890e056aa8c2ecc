"""The driver: carries out the machine's events and actions one by one, in order, and on time."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing

import pytest

from avatar.core import (
    Action,
    AvatarMachine,
    CloseSocket,
    Command,
    Event,
    Interrupt,
    OpenSocket,
    PlaybackFinished,
    SessionLeft,
    Speak,
    SpeakEnd,
    StartSession,
    StatusChanged,
    StopSession,
    Word,
)
from avatar.link.driver import Driver

pytestmark = pytest.mark.looptime

CONNECTED = '{"type": "session.state_updated", "state": "connected"}'
APPENDED = '{"type": "agent.audio_buffer_appended", "source_event_id": "la-speech-1"}'
SECOND = b"\x00\x20" * 24_000
# 20 ms.
FRAME = b"\x00\x20" * 480


class Timed(AvatarMachine):
    """A machine that notes the time of each call that depends on time, and the pieces of speech that it gets."""

    def __init__(self) -> None:
        super().__init__("la", asyncio.get_running_loop().time())
        self.timeouts: list[float] = []
        self.times: list[float] = []
        self.pieces: list[int] = []

    def push_audio(self, pcm: bytes, now: float, words: Sequence[Word] = ()) -> bool:
        self.times.append(now)
        self.pieces.append(len(pcm))
        return super().push_audio(pcm, now, words)

    def handle_timeout(self, now: float) -> None:
        self.timeouts.append(now)
        self.times.append(now)
        super().handle_timeout(now)

    def next_command(self, number: int, now: float) -> Command | None:
        self.times.append(now)
        return super().next_command(number, now)


class Stage:
    """A driver whose events and actions are noted in the order in which they come.

    Attributes:
        came: Events and actions.
        depth: How deeply the running handlers are nested.
    """

    def __init__(self) -> None:
        self.machine = Timed()
        self.came: list[Event | Action] = []
        self.depth = self.deepest = 0
        self.on_event: Callable[[Event], None] = lambda _: None
        self.on_action: Callable[[Action], None] = lambda _: None
        self.driver = Driver(self.machine, self._note_event, self._note_action)
        self.driver.carry_on()

    @property
    def statuses(self) -> list[str]:
        """The states of all `StatusChanged` events."""
        statuses = [event.status for event in self.came if isinstance(event, StatusChanged)]
        return [status.reason.name if status.reason else "LIVE" for status in statuses]

    def connect(self) -> None:
        """Let the first session take commands."""
        with self.driver.step() as now:
            self.machine.session_started(1, "s-1", None, now)
        with self.driver.step() as now:
            self.machine.socket_opened(1, now)
        with self.driver.step() as now:
            self.machine.receive_text(1, CONNECTED, now)

    def say(self, seconds: int) -> None:
        """Capture a whole segment."""
        self.driver.push_audio(SECOND * seconds, ())
        with self.driver.step() as now:
            self.machine.end_segment(now)

    def _note_event(self, event: Event) -> None:
        self._note(event, lambda: self.on_event(event))

    def _note_action(self, action: Action) -> None:
        self._note(action, lambda: self.on_action(action))

    def _note(self, what: Event | Action, handle: Callable[[], None]) -> None:
        self.came.append(what)
        self.depth += 1
        self.deepest = max(self.deepest, self.depth)
        try:
            handle()
        finally:
            self.depth -= 1


async def test_a_handler_that_calls_the_machine_is_queued_and_never_nested() -> None:
    """A handler that releases and engages the avatar returns before the resulting events are dispatched."""
    stage = Stage()

    def release_and_engage(event: Event) -> None:
        if stage.statuses == ["LIVE"] and isinstance(event, StatusChanged):
            with stage.driver.step() as now:
                stage.machine.release("a break", now)
            with stage.driver.step() as now:
                stage.machine.engage(now)
            assert len(stage.statuses) == 1

    stage.on_event = release_and_engage
    stage.connect()

    assert stage.statuses == ["LIVE", "RELEASED", "STARTING"]
    assert stage.deepest == 1


async def test_an_executor_that_answers_at_once_is_queued_and_never_nested() -> None:
    """The answer to an action is taken during the action; its results are carried out afterwards."""
    stage = Stage()

    def refuse_and_stop(action: Action) -> None:
        with stage.driver.step() as now:
            if isinstance(action, OpenSocket):
                stage.machine.socket_lost(1, "refused", now, session_over=True)
            elif isinstance(action, StopSession):
                stage.machine.session_stopped(1, now)

    stage.on_action = refuse_and_stop
    with stage.driver.step() as now:
        stage.machine.session_started(1, "s-1", None, now)
    await asyncio.sleep(1.0)

    steps = {StartSession, OpenSocket, SessionLeft, StatusChanged, CloseSocket, StopSession}
    came = [type(each) for each in stage.came if type(each) in steps]
    assert came[:4] == [StartSession, OpenSocket, SessionLeft, StatusChanged]
    assert [each for each in came if each is not StatusChanged][2:6] == [
        SessionLeft,
        CloseSocket,
        StopSession,
        StartSession,
    ]
    assert stage.deepest == 1


async def test_a_failing_handler_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """The handler's exception is logged, and the next event is dispatched."""
    stage = Stage()
    stage.connect()

    def fail(_: Event) -> None:
        raise LookupError

    stage.on_event = fail
    for _ in range(2):
        stage.say(1)
        with stage.driver.step() as now:
            stage.machine.interrupt(now)

    assert len([each for each in stage.came if isinstance(each, PlaybackFinished)]) == 2
    failures = [record for record in caplog.records if record.message == "a handler of an avatar event failed"]
    assert [record.levelno for record in failures] == [logging.ERROR] * 2
    assert vars(failures[0])["event"] == "PlaybackFinished"


async def test_the_machine_is_woken_at_each_of_its_deadlines() -> None:
    """Each deadline is handled once, never early, and the one timer moves with the deadline."""
    stage = Stage()
    stage.connect()
    before = len(stage.machine.timeouts)
    due_at = stage.machine.next_timeout()
    assert due_at is not None
    await asyncio.sleep(due_at - stage.driver.now + 1.0)

    assert stage.machine.timeouts[before:] == [pytest.approx(due_at)]
    assert stage.machine.timeouts[before] >= due_at


async def test_time_never_goes_back_when_a_timer_fires_early() -> None:
    """An event loop fires timers early by up to its clock's resolution: later calls are not earlier than the timer."""
    stage = Stage()
    stage.connect()
    due_at = stage.driver.now + 1e-4
    stage.driver._timer_at = due_at
    stage.driver._on_timer()
    with stage.driver.step() as now:
        stage.machine.user_speaks(now, speaking=True)
    stage.machine.next_command(1, stage.driver.now)

    assert stage.machine.times[-2:] == [due_at, due_at]
    assert now == due_at


async def test_a_frame_that_changes_nothing_wakes_nothing() -> None:
    """Frames of a segment that the session still waits for request no deadline, and wake no sender."""
    stage = Stage()
    stage.driver.push_audio(SECOND[:960], ())
    asked = 0

    def count(next_timeout: Callable[[], float | None]) -> Callable[[], float | None]:
        def counted() -> float | None:
            nonlocal asked
            asked += 1
            return next_timeout()

        return counted

    stage.machine.next_timeout = count(stage.machine.next_timeout)  # type: ignore[method-assign] # it is counted
    stage.connect()
    async with aclosing(stage.driver.session_commands(1)) as commands:
        stage.driver.push_audio(SECOND, ())
        await anext(commands)
        asked = 0
        for _ in range(10):
            stage.driver.push_audio(SECOND[:960], ())

    assert asked == 0


async def test_frames_wait_until_the_machine_can_use_them() -> None:
    """The machine gets 20 frames in a few pieces, and the first chunk comes with the 20th, as without waiting."""
    stage = Stage()
    stage.connect()
    async with aclosing(stage.driver.session_commands(1)) as commands:
        first = asyncio.ensure_future(anext(commands))
        for _ in range(19):
            stage.driver.push_audio(FRAME, ())
            await asyncio.sleep(0.001)
        assert not first.done()
        assert len(stage.machine.pieces) <= 3
        stage.driver.push_audio(FRAME, ())
        await asyncio.sleep(0.001)

        command = first.result()
    assert isinstance(command, Speak)
    assert command.audio == FRAME * 20
    assert sum(stage.machine.pieces) == 20 * len(FRAME)


async def test_every_fact_comes_after_the_speech_before_it() -> None:
    """A step, a text of the service and a question for the captured speech find all frames in the machine."""
    stage = Stage()
    stage.connect()
    seen = []
    for act in (stage.driver.catch_up, lambda: stage.driver.receive_text(1, APPENDED), stage.driver.step().__enter__):
        for _ in range(3):
            stage.driver.push_audio(FRAME, ())
        act()
        seen.append(round(stage.machine.held_seconds, 2))
        await asyncio.sleep(0.001)

    assert seen == [0.06, 0.12, 0.18]


async def test_frames_that_wait_are_sent_before_the_avatar_runs_dry() -> None:
    """When the next chunk is due by time, it has the frames that came since the last one."""
    stage = Stage()
    stage.connect()
    sent = []

    async def send() -> None:
        async with aclosing(stage.driver.session_commands(1)) as commands:
            async for command in commands:
                assert isinstance(command, Speak)
                sent.append(len(command.audio))

    sending = asyncio.create_task(send())
    stage.driver.push_audio(SECOND, ())
    await asyncio.sleep(0.01)
    for _ in range(6):
        stage.driver.push_audio(FRAME, ())
        await asyncio.sleep(0.01)
    await asyncio.sleep(2.0)
    sending.cancel()

    assert sum(sent) == len(SECOND) + 6 * len(FRAME)


async def test_the_words_of_frames_that_wait_come_with_them() -> None:
    """They come in their order."""
    words = [Word(0.02 * number, 0.02 * number + 0.01) for number in range(4)]
    got: list[Word] = []

    class Heard(Timed):
        def push_audio(self, pcm: bytes, now: float, words: Sequence[Word] = ()) -> bool:
            got.extend(words)
            return super().push_audio(pcm, now, words)

    driver = Driver(Heard(), lambda _: None, lambda _: None)
    for word in words:
        driver.push_audio(FRAME, [word])
    driver.catch_up()

    assert got == words


async def test_commands_come_when_they_are_due() -> None:
    """The chunks of a second that was captured at once are sent one after the other, and the end after the last."""
    stage = Stage()
    stage.connect()
    stage.say(1)
    came: list[tuple[float, Command]] = []
    async with aclosing(stage.driver.session_commands(1)) as commands:
        async for command in commands:
            came.append((stage.driver.now, command))
            if isinstance(command, SpeakEnd):
                break

    times = [at for at, _ in came]
    assert b"".join(command.audio for _, command in came if isinstance(command, Speak)) == SECOND
    assert times == sorted(times)
    assert times[-1] > times[0]


async def test_an_interrupt_drops_audio_that_no_sink_has_taken() -> None:
    """Captured audio that no sink took is never sent after an interrupt."""
    stage = Stage()
    stage.connect()
    stage.say(3)
    async with aclosing(stage.driver.session_commands(1)) as commands:
        assert isinstance(await anext(commands), Speak)
        with stage.driver.step() as now:
            stage.machine.interrupt(now)
        assert isinstance(await anext(commands), Interrupt)


async def test_a_stuck_sink_is_detected() -> None:
    """The deadline of a chunk counts from when it is handed over, although its sending never ends."""
    stage = Stage()
    stage.connect()
    stage.say(1)
    commands = stage.driver.session_commands(1)
    assert isinstance(await anext(commands), Speak)
    await asyncio.sleep(10.0)
    await commands.aclose()

    [left] = [each for each in stage.came if isinstance(each, SessionLeft)]
    assert (left.session, left.failed) == (1, True)


async def test_a_closed_sender_is_not_woken() -> None:
    """Closed senders are removed."""
    stage = Stage()
    stage.connect()
    async with aclosing(stage.driver.session_commands(1)) as commands:
        stage.say(1)
        await anext(commands)

    assert stage.driver._senders == set()


async def test_closing_waits_for_the_stop() -> None:
    """Closing returns when every session is confirmed as stopped, and leaves no timer."""
    stage = Stage()
    stage.connect()
    closing = asyncio.create_task(stage.driver.aclose(limit=9.0))
    await asyncio.sleep(1.0)
    assert not closing.done()
    with stage.driver.step() as now:
        stage.machine.session_stopped(1, now)
    await closing

    assert stage.machine.is_over
    assert stage.driver._timer is None


async def test_closing_takes_no_longer_than_its_limit(caplog: pytest.LogCaptureFixture) -> None:
    """Without a confirmation it logs this and returns; afterwards nothing is carried out, and speech is not heard."""
    stage = Stage()
    stage.connect()
    before = stage.driver.now
    await stage.driver.aclose(limit=9.0)
    assert stage.driver.now - before == pytest.approx(9.0)
    assert "avatar sessions were not confirmed as stopped in time" in caplog.messages

    stage.came.clear()
    stage.say(1)
    await asyncio.sleep(60.0)
    stage.say(1)

    assert [event.interrupted for event in stage.came if isinstance(event, PlaybackFinished)] == [True, True]
    assert not [each for each in stage.came if isinstance(each, Action)]
    assert stage.driver._timer is None
