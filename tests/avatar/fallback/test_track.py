"""The fallback track: it is published on the machine's request, plays the machine's speech, and reports it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from avatar.core import Action, PlaybackStarted, PublishFallback, Refusal, UnpublishFallback
from avatar.core.audio import to_seconds
from avatar.fallback.track import FallbackTrack
from tests.avatar.link.prompt_call import PromptCall
from tests.avatar.virtual_call import loop_sources
from tests.avatar.virtual_room import VirtualRoom, seconds

pytestmark = pytest.mark.looptime

# A tenth of a second.
PIECE = b"\x00\x20" * 2_400


class Track:
    """A call without an avatar, and its fallback track.

    Attributes:
        call: The call, with its machine.
        room: Where the track is published.
        heard: The time and the PCM of each frame that was heard.
        asked: The machine's actions.
    """

    def __init__(self) -> None:
        self.room = VirtualRoom()
        self.heard: list[tuple[float, bytes]] = []
        self.asked: list[type[Action]] = []
        self.call = PromptCall(self._carry_out, refusal=Refusal.UNAUTHORIZED, can_publish=True)
        self.executor = FallbackTrack(self.call.driver, self.room)
        self.call.driver.carry_on()

    @property
    def pcm(self) -> bytes:
        """All that was heard."""
        return b"".join(pcm for _, pcm in self.heard)

    def _carry_out(self, action: Action) -> None:
        self.asked.append(type(action))
        if isinstance(action, PublishFallback):
            self.executor.publish()
        elif isinstance(action, UnpublishFallback):
            self.executor.unpublish()


@asynccontextmanager
async def fallback() -> AsyncIterator[Track]:
    """Yield a track; afterwards it is unpublished, and no task is left."""
    made = Track()
    with loop_sources(made.heard):
        yield made
        await made.call.driver.aclose(5.0)
        await made.executor.aclose(5.0)
    assert made.room.agent.published == []
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("avatar_")]


async def test_nothing_is_published_before_there_is_speech() -> None:
    """The room has no silent track of an agent that speaks through its avatar."""
    async with fallback() as track:
        await asyncio.sleep(30.0)

        assert track.room.agent.tries == 0


async def test_a_segment_is_heard_bit_exact_and_reported_when_it_is_heard() -> None:
    """A segment ends with its last played frame, not with the last one that was queued."""
    async with fallback() as track:
        track.call.say(PIECE * 20)
        await track.call.until(lambda: track.call.finished)

        [finished] = track.call.finished
        [started] = [event for event in track.call.events if isinstance(event, PlaybackStarted)]
        last_at, last = track.heard[-1]
        assert track.pcm == PIECE * 20
        assert (finished.position, finished.interrupted) == (2.0, False)
        assert started.at == pytest.approx(track.heard[0][0], abs=0.02)
        assert track.call.driver.now >= last_at + to_seconds(len(last))


async def test_segments_follow_one_another_on_one_track() -> None:
    """The track is published once, and each segment gets its own report."""
    async with fallback() as track:
        for _ in range(3):
            track.call.say(PIECE * 5)
        await track.call.until(lambda: len(track.call.finished) == 3)

        assert track.pcm == PIECE * 15
        assert track.room.agent.tries == 1


async def test_slow_speech_is_a_pause_and_not_the_end() -> None:
    """The segment continues when more of it comes."""
    async with fallback() as track:
        track.call.say(PIECE * 10, flush=False)
        await asyncio.sleep(5.0)
        assert track.pcm == PIECE * 10
        assert track.call.finished == []
        track.call.say(PIECE * 10)
        await track.call.until(lambda: track.call.finished)

        assert track.pcm == PIECE * 20
        assert not track.call.finished[0].interrupted


async def test_an_interrupt_empties_the_queue() -> None:
    """The reported position matches the frames that were heard."""
    async with fallback() as track:
        track.call.say(PIECE * 50)
        await track.call.until(lambda: seconds(track.heard) >= 1.0)
        with track.call.driver.step() as now:
            track.call.machine.interrupt(now)
        await asyncio.sleep(2.0)

        [finished] = track.call.finished
        assert finished.interrupted
        assert seconds(track.heard) == pytest.approx(finished.position, abs=0.1)
        assert seconds(track.heard) < 1.2


async def test_a_room_without_a_listener_still_gets_the_speech() -> None:
    """The track waits for its first subscriber, but only for half a second."""
    async with fallback() as track:
        track.room.agent.subscribed.clear()
        track.call.say(PIECE)
        await track.call.until(lambda: track.heard)

        assert track.heard[0][0] == pytest.approx(0.5, abs=0.1)


async def test_a_failed_publication_is_tried_again() -> None:
    """The loss is reported, the machine requests another track, and no speech is lost."""
    async with fallback() as track:
        track.room.agent.failures = 2
        track.call.say(PIECE * 10)
        await track.call.until(lambda: track.call.finished)

        assert track.asked.count(PublishFallback) == 3
        assert track.pcm == PIECE * 10


async def test_a_publication_that_hangs_is_given_up() -> None:
    """Publishing has a time limit, and a track published after it is unpublished."""
    async with fallback() as track:
        track.room.agent.may_publish.clear()
        track.call.say(PIECE * 10)
        await asyncio.sleep(6.0)
        track.room.agent.may_publish.set()
        await track.call.until(lambda: track.call.finished)

        assert track.pcm == PIECE * 10
        assert len(track.room.agent.published) == 1


async def test_a_track_that_is_no_longer_wanted_is_published_and_unpublished() -> None:
    """Cancelling the publication would leave threads of the SDK behind."""
    async with fallback() as track:
        track.room.agent.may_publish.clear()
        track.call.say(PIECE * 10)
        await asyncio.sleep(0.1)
        track.executor.unpublish()
        await asyncio.sleep(0.1)
        track.room.agent.may_publish.set()
        await asyncio.sleep(0.1)

        assert track.room.agent.tries == 1
        assert track.room.agent.published == []
