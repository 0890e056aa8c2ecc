"""What keeps an avatar there, in a time of the test's own: sessions begin, end, and take each other's place."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from avatar.core import AvatarProtocol, Connected, Event, Mouth, MouthChanged, PlaybackFinished, Speak, SpeechLost
from avatar.errors import AvatarError, ConnectionLost
from avatar.playback import Playback
from avatar.recovery import AvatarStatus, Recovery
from avatar.service_session import ServiceSession

CONNECTED = '{"type": "session.state_updated", "state": "connected"}'
SECOND = bytes(48_000)

pytestmark = pytest.mark.looptime


class Sessions:
    """Gives sessions of the lengths in its script, for ever the last of them."""

    def __init__(self, *lengths: float | None) -> None:
        self.lengths = list(lengths)
        self.started: list[float] = []
        self.running: set[str] = set()
        self.most = 0

    async def start(self) -> ServiceSession:
        length = self.lengths.pop(0) if len(self.lengths) > 1 else self.lengths[0]
        now = asyncio.get_running_loop().time()
        self.started.append(now)
        name = f"s-{len(self.started)}"
        self.running.add(name)
        self.most = max(self.most, len(self.running))
        return ServiceSession(name, f"ws://{name}", name, now, None if length is None else now + length)

    async def stop(self, session_id: str) -> None:
        self.running.discard(session_id)

    async def stop_all(self) -> None:
        self.running.clear()

    async def aclose(self) -> None:
        self.running.clear()

    @property
    def count(self) -> int:
        return len(self.started)

    @property
    def seconds_used(self) -> float:
        return 0.0


class Connection:
    """Connects at once; the first ones are lost as soon, as many as its script says."""

    def __init__(self, playback: Playback, *, losses: int = 0) -> None:
        self._playback = playback
        self._losses = losses
        self._lost: asyncio.Future[ConnectionLost] | None = None
        self.opened: list[float] = []

    async def open(self, ws_url: str) -> Any:
        return ws_url

    async def run(self, _: object) -> ConnectionLost:
        core = self._playback.core
        self.opened.append(asyncio.get_running_loop().time())
        if self._losses:
            self._losses -= 1
            return ConnectionLost("refused", session_over=True)
        self._lost = asyncio.get_running_loop().create_future()
        self._playback.act(core.connection_opened)
        self._playback.act(lambda now: core.receive_text(CONNECTED, now))
        taking = asyncio.create_task(self._take())
        try:
            return await self._lost
        finally:
            taking.cancel()
            self._playback.act(core.connection_lost)

    async def _take(self) -> None:
        """Take what is to be said, and say nothing of it."""
        async for _ in self._playback.commands(self._playback.core.next_command):
            pass

    def hang_up(self, reason: str) -> None:
        if self._lost is not None and not self._lost.done():
            self._lost.set_result(ConnectionLost(reason))


class Here:
    """An avatar that comes, stays and is heard."""

    async def watch(self, *_: object) -> None:
        await asyncio.Event().wait()

    watch_sound = watch

    async def room_goes_on(self) -> None:
        pass


class Call:
    """A recovery with all that is around it."""

    def __init__(self, sessions: Sessions, *, losses: int = 0) -> None:
        self.statuses: list[AvatarStatus] = []
        self.sessions = sessions
        self.core = AvatarProtocol("la")
        self.playback = Playback(self.core, self._on_event)
        self.connection = Connection(self.playback, losses=losses)
        parts: list[Any] = [self.playback, self.connection, sessions, Here()]
        self.recovery = Recovery(*parts, first=None, on_status=self.statuses.append)

    def _on_event(self, event: Event) -> None:
        match event:
            case Connected():
                self.recovery.connected()
            case MouthChanged(mouth=mouth):
                self.recovery.mouth_changed(mouth)
            case SpeechLost():
                self.recovery.give_up("the avatar does not speak what it was given")
            case PlaybackFinished():
                self.recovery.segment_ended()
            case _:
                pass

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[AvatarError]]:
        task = asyncio.create_task(self.recovery.run())
        await asyncio.sleep(0.1)
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.playback.aclose()

    def act(self, step: Callable[[float], None]) -> None:
        self.playback.act(step)


async def test_who_is_let_go_of_is_told_nothing_more() -> None:
    """What is captured in the same moment is for the voice."""
    call = Call(Sessions(None))
    async with call.running():
        now = asyncio.get_running_loop().time()
        call.recovery.release("nobody is there")
        call.core.push_audio(SECOND, now)
        assert call.core.next_command(now) is None

        call.act(call.core.voice_opened)
        assert isinstance(call.core.next_voice_command(asyncio.get_running_loop().time()), Speak)


async def test_a_next_session_that_is_ready_does_not_wait_for_old_failures() -> None:
    """Two sessions that were of no use make the third wait; the fourth, which relieves it in time, speaks at once."""
    call = Call(Sessions(None, None, 60.0, None), losses=2)
    async with call.running():
        await asyncio.sleep(90.0)

    _, _, third, fourth = call.connection.opened
    assert call.sessions.started[3] == pytest.approx(call.sessions.started[2] + 60.0 - 15.0)
    assert fourth == pytest.approx(call.sessions.started[3], abs=0.1)
    assert third == pytest.approx(3.0, abs=0.1)


async def test_a_session_that_lasted_makes_up_for_those_before_it() -> None:
    """Three that were of no use, one of a minute, then three again: that is not four in a row."""
    call = Call(Sessions(None), losses=3)
    async with call.running() as run:
        await asyncio.sleep(60.0)
        call.connection._losses = 3
        call.recovery.give_up("the avatar has left the room")
        await asyncio.sleep(60.0)

        assert not run.done()
        assert call.recovery.session is not None


async def test_sessions_too_short_to_be_of_use_are_not_bought_for_ever() -> None:
    """A service that ends every session after a second is left alone after the fourth."""
    call = Call(Sessions(1.0))
    async with call.running() as run:
        for _ in range(4):
            call.recovery.give_up("the service ended the session")
            await asyncio.sleep(10.0)
        lost = await run

    assert isinstance(lost, ConnectionLost)
    assert call.sessions.count == 4
    assert call.sessions.running == set()


async def test_there_is_no_avatar_while_the_voice_speaks() -> None:
    """The status says so, and why; and again when the avatar takes commands."""
    call = Call(Sessions(None))
    async with call.running():
        call.act(call.core.voice_opened)
        call.connection._losses = 0
        call.act(lambda now: call.core.push_audio(5 * SECOND, now))
        await asyncio.sleep(1.0)
        call.act(call.core.connection_lost)
        await asyncio.sleep(2.0)

        assert call.core._floor.mouth is Mouth.VOICE
        assert [status.is_live for status in call.statuses] == [True, False]
        call.connection.hang_up("the line is cut")
        await asyncio.sleep(2.0)
        assert [status.is_live for status in call.statuses] == [True, False, True]


async def test_a_released_avatar_gives_its_own_reason() -> None:
    """Not that of the connection which is closed because of it."""
    call = Call(Sessions(None))
    async with call.running():
        call.act(call.core.voice_opened)
        call.recovery.release("nobody is there")
        call.act(lambda now: call.core.push_audio(SECOND, now))
        await asyncio.sleep(1.0)

        assert call.statuses == [AvatarStatus(is_live=True), AvatarStatus(is_live=False, reason="nobody is there")]
        assert call.sessions.running == set()


async def test_an_avatar_that_is_wanted_again_at_once_has_not_failed() -> None:
    """Let go of and taken up in one moment, six times: no wait, and no end of it."""
    call = Call(Sessions(None))
    async with call.running() as run:
        for _ in range(6):
            call.recovery.release("nobody is there")
            call.recovery.engage()
            await asyncio.sleep(0.5)

        assert not run.done()
        assert call.sessions.count == 7
        assert call.statuses[-1].is_live


async def test_a_session_that_failed_counts_also_when_the_next_one_is_ready() -> None:
    """The first is lost after its successor was started: four are tried in all, as ever."""
    call = Call(Sessions(8.0))
    async with call.running() as run:
        await asyncio.sleep(1.4)
        call.act(lambda now: call.core.push_audio(30 * SECOND, now))
        await asyncio.sleep(120.0)

        assert run.done()
    assert call.sessions.started[:2] == pytest.approx([0.0, 4.0])
    assert call.sessions.count == 4
    assert call.sessions.running == set()
