"""One call of a few seconds: join, three segments, a pause, a barge-in, leave; and the promises that were broken."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from livekit import rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, utils
from livekit.agents.voice.io import TextOutput

from avatar import AvatarSession
from benchmarks.speech import Pace, synthesise, tone
from simulators.liveavatar.model.avatars import DRAWN_FACE_ID

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from random import Random

    from livekit.agents.voice.io import AudioOutput, PlaybackFinishedEvent

    from benchmarks.soak.stage import Stage

_OPTIONS = APIConnectOptions(max_retry=1, timeout=3.0)
_PACE = Pace(speed=4.0)
_SHORTEST, _LONGEST = 0.8, 1.8
_PAUSE = 0.4
_JOIN_TIMEOUT = 3.0

# Seconds after which a segment counts as forgotten: four useless sessions take half of that.
_PLAYOUT_TIMEOUT = 60.0

# Seconds. The SDK never frees a room that is left during the negotiation of a track that was just published or
# unpublished. In a job's process, which ends with its call, that does not matter.
_NEGOTIATION = 0.5

_ROUNDING = 1e-3


class Unseen(TextOutput):
    """Captions that are dropped."""

    def __init__(self) -> None:
        super().__init__(label="unseen", next_in_chain=None)

    async def capture_text(self, text: str) -> None:
        """Drop the text."""

    def flush(self) -> None:
        """Do nothing."""


class Call:
    """A call that says segments, and compares their reports with the promises.

    Attributes:
        broken: The broken promises.
    """

    def __init__(self, session: AgentSession[None], random: Random) -> None:
        assert session.output.audio is not None  # noqa: S101 - the avatar has put it there
        assert session.output.transcription is not None  # noqa: S101 - it was given
        self.broken: list[str] = []
        self._voice: AudioOutput = session.output.audio
        self._captions = session.output.transcription
        self._random = random
        self._captured: list[float] = []
        self._reports: list[PlaybackFinishedEvent] = []
        self._voice.on("playback_finished", self._reports.append)

    async def hold(self) -> None:
        """Say three segments in random order: one undisturbed, one with a pause, one that is cut."""
        ways = [self._say, self._say_with_a_pause, self._say_and_cut]
        self._random.shuffle(ways)
        for way in ways:
            await way()
            await self._voice.wait_for_playout()

    def settle(self) -> None:
        """Compare the reports with the segments."""
        if len(self._reports) != len(self._captured):
            self.broken.append(f"{len(self._captured)} segments, {len(self._reports)} reports")
        for duration, report in zip(self._captured, self._reports, strict=False):
            missing = duration - report.playback_position
            if not -_ROUNDING <= missing <= duration + _ROUNDING:
                self.broken.append(f"position {report.playback_position:.3f} of {duration:.3f}")
            elif not report.interrupted and missing > _ROUNDING:
                self.broken.append(f"finished at {report.playback_position:.3f} of {duration:.3f}")

    async def _say(self) -> None:
        seconds = self._random.uniform(_SHORTEST, _LONGEST)
        speech = tone(seconds)
        self._captured.append(speech.duration)
        await self._captions.capture_text("so many words as there are seconds ")
        await synthesise(self._voice, speech, _PACE, self._random)
        self._captions.flush()

    async def _say_with_a_pause(self) -> None:
        await self._say()
        await asyncio.sleep(self._random.uniform(0, _SHORTEST))
        self._voice.pause()
        await asyncio.sleep(_PAUSE)
        self._voice.resume()

    async def _say_and_cut(self) -> None:
        await self._say()
        await asyncio.sleep(self._random.uniform(0, _SHORTEST))
        self._voice.flush()
        self._voice.clear_buffer()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a call.

    Attributes:
        sessions: Number of the service's sessions that were started for it.
        broken: The broken promises.
    """

    sessions: int
    broken: list[str]


async def hold_call(stage: Stage, name: str, random: Random) -> Outcome:
    """Hold a call in the room `name`."""
    async with _opened(stage, name) as (session, avatar):
        call = Call(session, random)
        try:
            async with asyncio.timeout(_PLAYOUT_TIMEOUT):
                await call.hold()
        except TimeoutError:
            call.broken.append(f"not over after {_PLAYOUT_TIMEOUT:.0f} s")
    call.settle()
    return Outcome(avatar.sessions_used, call.broken)


@asynccontextmanager
async def _opened(stage: Stage, name: str) -> AsyncIterator[tuple[AgentSession[None], AvatarSession]]:
    """Open an agent session in a room, with an avatar if the service gives one."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(utils.http_context.open())
        room = rtc.Room()
        await room.connect(stage.livekit.url, stage.token(name, "agent"), rtc.RoomOptions(auto_subscribe=False))
        stack.push_async_callback(_leave, room)
        session = AgentSession[None](vad=None)
        avatar = AvatarSession(
            avatar_id=DRAWN_FACE_ID,
            api_url=stage.service,
            api_key="stand-in",
            video_quality="low",
            required=False,
            conn_options=_OPTIONS,
        )
        keys = {"livekit_api_key": stage.livekit.api_key, "livekit_api_secret": stage.livekit.api_secret}
        await avatar.start(session, room, livekit_url=stage.livekit.url, **keys)
        stack.push_async_callback(avatar.aclose)
        await session.start(Agent(instructions=""))
        stack.push_async_callback(session.aclose)
        session.output.transcription = Unseen()
        avatar.sync_transcription()
        # After a timeout the fallback track speaks.
        with suppress(TimeoutError):
            await avatar.wait_for_join(timeout=_JOIN_TIMEOUT)
        yield session, avatar


async def _leave(room: rtc.Room) -> None:
    await asyncio.sleep(_NEGOTIATION)
    await room.disconnect()
