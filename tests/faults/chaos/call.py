"""A scripted call in this process: what was captured, reported, received and heard."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from aiohttp.test_utils import TestServer
from livekit import rtc
from livekit.agents import AgentSession, APIConnectOptions

from avatar import AvatarError, AvatarSession
from benchmarks.speech import cut
from simulators.faults import FaultPlan, parse_faults
from simulators.liveavatar import SERVICE, create_app
from simulators.liveavatar.model import DRAWN_FACE_ID
from tests.avatar.fakes import FakeRoom
from tests.faults.chaos.script import LAG
from tests.faults.chaos.tasks import SEED
from tests.faults.chaos.wire import Wiretap
from tests.simulators.liveavatar.rooms import RecordingRoom

if TYPE_CHECKING:
    from livekit.agents.voice.io import AudioOutput, PlaybackFinishedEvent, PlaybackProgressedEvent

    from simulators.liveavatar.room import Invitation
    from tests.faults.chaos.script import Action, Script, Speech
    from tests.faults.chaos.wire import Received

RATE_HZ = 24_000
FRAME = 0.1
# Seconds after which a missing report counts as lost.
OVER = 45.0

LIVEKIT = {
    "livekit_url": "ws://127.0.0.1:1",
    "livekit_api_key": "devkey",
    "livekit_api_secret": "a-secret-of-more-than-thirty-two-characters",
}


@dataclass(slots=True)
class Segment:
    """One captured segment and its report.

    Attributes:
        captured: seconds.
        cut_at: the event loop's time of the barge-in that hit it.
        reports: each end that was reported, with the progress before it.
    """

    captured: float = 0.0
    cut_at: float | None = None
    reports: list[tuple[PlaybackFinishedEvent, list[PlaybackProgressedEvent]]] = field(default_factory=list)


class Call:
    """The outcome of a script.

    Attributes:
        segments: in the order of their capture; every sample of the first is 1, of the second 2.
        surplus: reports beyond the captured segments.
        received: the commands that each session got.
        rooms: rooms, which record what was heard.
        stalled: seconds for which the stand-in's avatars stood still because the machine was busy.
        plan: the plan, with the faults that struck.
        refused: why the call did not begin.
        lost: why the avatar was lost.
        open_sessions: sessions still open at the stand-in after the end.
        tasks: tasks left after the end.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.segments: list[Segment] = []
        self.surplus = 0
        self.received: list[list[Received]] = []
        self.stalled = 0.0
        self.rooms: list[RecordingRoom] = []
        self.plan = FaultPlan(parse_faults(script.faults), seed=script.seed)
        self.refused: AvatarError | None = None
        self.lost: AvatarError | None = None
        self.open_sessions = 0
        self.tasks: list[asyncio.Task[Any]] = []
        self._runs: list[PlaybackProgressedEvent] = []
        self._reported = 0

    @property
    def struck(self) -> set[str]:
        """Return the kinds of the faults that struck."""
        return {armed.fault.kind for armed in self.plan.armed if armed.struck}

    def heard(self, segment: int) -> float:
        """Return the seconds that were heard of a segment, in all rooms together."""
        samples = sum(np.count_nonzero(np.frombuffer(bytes(room.heard), "<i2") == segment) for room in self.rooms)
        return float(samples) / RATE_HZ

    async def hold(self) -> None:
        """Hold the call, from the first REST call to the last."""
        SEED.set(self.script.seed)
        app = create_app(self.script.options, open_room=self._open_room, faults=self.plan)
        async with TestServer(app) as server:
            avatar = AvatarSession(
                avatar_id=DRAWN_FACE_ID,
                api_url=str(server.make_url("")),
                api_key="stand-in",
                required=self.script.is_required,
                conn_options=APIConnectOptions(max_retry=1, timeout=0.8),
            )
            avatar.on("avatar_lost", self._note_lost)
            session: AgentSession[Any] = AgentSession(vad=None)
            try:
                await avatar.start(session, FakeRoom(), **LIVEKIT)  # type: ignore[arg-type] # a small stand-in
                assert session.output.audio is not None
                await self._play(session.output.audio)
            except AvatarError as error:
                self.refused = error
            finally:
                await avatar.aclose()
                await session.aclose()
            if "lag" in self.struck:
                await asyncio.sleep(2 * LAG)  # the stand-in closes such a socket after its late messages
            service = app[SERVICE]
            assert isinstance(service.model, Wiretap)
            self.open_sessions = sum(session.is_running for session in service.model.sessions)
            self.stalled = sum(service.stalled_seconds(session) for session in service.model.sessions)
            self.received = list(service.model.received.values())

    # The script

    async def _play(self, voice: AudioOutput) -> None:
        voice.on("playback_progressed", self._runs.append)
        voice.on("playback_finished", self._note_finished)
        for number, speech in enumerate(self.script.speeches, 1):
            await self._say(voice, speech, number)
            if speech.is_awaited:
                await self._playout(voice)
        await self._playout(voice)

    async def _playout(self, voice: AudioOutput) -> None:
        try:
            async with asyncio.timeout(OVER):
                await voice.wait_for_playout()
        except TimeoutError:
            return  # a missing report is found at the end

    async def _say(self, voice: AudioOutput, speech: Speech, number: int) -> None:
        self.segments.append(Segment())
        capturing = asyncio.create_task(self._capture(voice, speech, number))
        await asyncio.sleep(0)
        for seconds, action in speech.steps:
            await asyncio.sleep(seconds)
            if action == "barge_in":
                capturing.cancel()
            await self._act(voice, action)
        await asyncio.gather(capturing, return_exceptions=True)

    async def _act(self, voice: AudioOutput, action: Action) -> None:
        if action == "pause":
            voice.pause()
        elif action == "resume":
            voice.resume()
        else:
            now = asyncio.get_running_loop().time()
            for segment in self.segments[self._reported :]:
                segment.cut_at = now
            voice.flush()
            voice.clear_buffer()

    async def _capture(self, voice: AudioOutput, speech: Speech, number: int) -> None:
        pcm = np.full(round(speech.seconds * RATE_HZ), number, "<i2")
        for frame in cut(rtc.AudioFrame(pcm.tobytes(), RATE_HZ, 1, len(pcm)), FRAME):
            await voice.capture_frame(frame)
            self.segments[number - 1].captured += frame.duration
            await asyncio.sleep(FRAME / speech.speed)
        voice.flush()

    # Reports

    def _note_finished(self, event: PlaybackFinishedEvent) -> None:
        runs = self._runs.copy()
        self._runs.clear()
        if self._reported < len(self.segments):
            self.segments[self._reported].reports.append((event, runs))
        else:
            self.surplus += 1
        self._reported += 1

    def _note_lost(self, error: AvatarError) -> None:
        self.lost = error

    def _open_room(self, invitation: Invitation) -> RecordingRoom:
        self.rooms.append(RecordingRoom(invitation))
        return self.rooms[-1]
