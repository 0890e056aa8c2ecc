"""An agent session that speaks through an avatar, from its output to the model of the service, in virtual time.

All of the product's own parts are real. Below them are the model of the service, as strict as the service was seen
to be, a room without a server, and an audio source that plays in the event loop's time. With `looptime`, seconds pass
at once, so the waits here are the real ones.
"""

import asyncio
import itertools
from array import array
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from livekit import rtc
from livekit.agents import AgentSession, APIConnectOptions
from livekit.agents.voice.io import AudioOutput, PlaybackFinishedEvent

from avatar import AvatarSession, AvatarStatus
from avatar.core import Timings
from avatar.core.audio import to_seconds
from simulators.liveavatar.model import DRAWN_FACE_ID, AvatarJoined, AvatarLeft, Habits, ServiceModel
from tests.avatar.calls import LIVEKIT
from tests.avatar.heard import Piece, avatar_pieces, overlap
from tests.avatar.model_http import URL, ModelHttp
from tests.avatar.virtual_room import LoopSource, VirtualRoom

RATE = 24_000
FALLBACK = "the fallback track"

# A pattern in which no two seconds are alike, and no sample is silent.
_PATTERN = array("h", range(8_000, 32_000)).tobytes() * 60


@dataclass
class VirtualCall:
    """A call, with all of its observable results.

    Attributes:
        avatar: The avatar under test.
        output: The agent session's audio output.
        http: The HTTP session between the avatar and the service.
        room: The room of the call.
        fallback: The time and the PCM of each frame heard from the fallback track.
        statuses: All that were emitted.
        reports: All `playback_finished` events.
    """

    avatar: AvatarSession
    session: AgentSession[Any]
    http: ModelHttp
    room: VirtualRoom
    fallback: list[tuple[float, bytes]]
    statuses: list[AvatarStatus] = field(default_factory=list)
    reports: list[PlaybackFinishedEvent] = field(default_factory=list)
    captured: bytearray = field(default_factory=bytearray)

    @property
    def output(self) -> AudioOutput:
        """The audio output that the framework speaks into."""
        output = self.session.output.audio
        assert output is not None
        return output

    @property
    def model(self) -> ServiceModel:
        """The service."""
        return self.http.model

    @property
    def now(self) -> float:
        """The event loop's time."""
        return self.http.now

    async def say(self, length: float, *, flush: bool = True) -> None:
        """Capture speech, faster than it is spoken."""
        begin = len(self.captured)
        self.captured += _PATTERN[begin : begin + 2 * round(length * RATE)]
        for at in range(begin, len(self.captured), RATE // 5):
            pcm = bytes(self.captured[at : at + RATE // 5])
            await self.output.capture_frame(rtc.AudioFrame(pcm, RATE, 1, len(pcm) // 2))
        if flush:
            self.output.flush()

    async def played(self) -> PlaybackFinishedEvent:
        """Wait until everything that was captured has been played."""
        async with asyncio.timeout(120):
            return await self.output.wait_for_playout()

    async def until(self, condition: Callable[[], bool], limit: float = 60.0) -> float:
        """Wait until something holds, and return the time."""
        async with asyncio.timeout(limit):
            while not condition():  # noqa: ASYNC110 - the condition has no event
                await asyncio.sleep(0.01)
        return self.now

    async def is_live(self) -> float:
        """Wait until there is an avatar, and return the time."""
        return await self.until(lambda: self.avatar.is_live)

    def spans(self) -> list[Piece]:
        """Return the stretches that were heard: begin, end, avatar and PCM, in the order of their beginnings."""
        self.model.running(self.now)
        pieces = [(at, at + to_seconds(len(pcm)), FALLBACK, pcm) for at, pcm in self.fallback]
        return sorted([*pieces, *avatar_pieces(self.model)], key=lambda piece: piece[0])

    def heard(self) -> bytes:
        """Return the PCM that was heard, without the silence."""
        return b"".join(pcm for *_, pcm in self.spans())

    def speakers(self) -> list[str]:
        """Return the avatars that were heard, in order."""
        return [who for who, _ in itertools.groupby(who for _, _, who, _ in self.spans())]

    def overlap(self) -> float:
        """Return the seconds in which two were heard at once."""
        return overlap(self.spans())


@contextmanager
def loop_sources(heard: list[tuple[float, bytes]]) -> Iterator[None]:
    """Let new audio sources play in the event loop's time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            rtc, "AudioSource", lambda rate, channels, queue_size_ms: LoopSource(heard, rate, channels, queue_size_ms)
        )
        yield


@asynccontextmanager
async def virtual_call(
    habits: Habits | None = None,
    *,
    uplink: float = float("inf"),
    timings: Timings | None = None,
    is_started: bool = True,
    **options: Any,
) -> AsyncIterator[VirtualCall]:
    """Make a call; afterwards nothing runs at the service."""
    room = VirtualRoom()
    model = ServiceModel(habits or Habits(), now=asyncio.get_running_loop().time())

    def on_room(happening: AvatarJoined | AvatarLeft) -> None:
        (room.come if isinstance(happening, AvatarJoined) else room.leave)(happening.identity)

    http = ModelHttp(model, on_room, uplink=uplink)
    avatar = AvatarSession(
        api_key="stand-in",
        api_url=URL,
        avatar_id=DRAWN_FACE_ID,
        conn_options=APIConnectOptions(max_retry=0, timeout=10.0),
        **options,
    )
    avatar._http = cast("Any", http)
    avatar._timings = timings
    session: AgentSession[Any] = AgentSession(vad=None)
    call = VirtualCall(avatar, session, http, room, [])
    avatar.on("status_changed", call.statuses.append)
    with loop_sources(call.fallback):
        try:
            if is_started:
                await avatar.start(session, room, **LIVEKIT)
                call.output.on("playback_finished", call.reports.append)
            yield call
        finally:
            await avatar.aclose()
            await session.aclose()
    assert model.running(call.now) == []
