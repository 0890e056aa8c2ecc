"""A call in which an avatar plugin, the official one or ours, speaks through the stand-in on a real LiveKit server."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from aiohttp.test_utils import TestServer
from livekit import api, rtc
from livekit.agents import Agent, AgentSession, utils

from simulators.faults import FaultPlan
from simulators.liveavatar import DIALECTS, FULL, SERVICE, STATE_ONLY, Dialect, Habits, Options, create_app
from simulators.liveavatar.model import DRAWN_FACE_ID
from tests.e2e.ear import Ear

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from aiohttp import ClientSession
    from livekit.agents.voice.io import AudioOutput
    from livekit.plugins import liveavatar

    from avatar import AvatarSession
    from demo.livekit_server import LiveKitServer
    from simulators.faults import Fault
    from simulators.liveavatar.service import Service

RATE_HZ = 24_000
TONE_HZ = 440.0
AVATAR_IDENTITY = "liveavatar-avatar-agent"

# A service without the habits that have tests of their own.
PROMPT = Habits.fast(speech_starts_after=0.2)

every_dialect = pytest.mark.parametrize(
    "dialect",
    [
        FULL,
        STATE_ONLY,
        # The core's own tests cover every dialect.
        pytest.param(DIALECTS["speak_only"], marks=pytest.mark.long),
        pytest.param(DIALECTS["task_ids"], marks=pytest.mark.long),
    ],
    ids=lambda dialect: dialect.name,
)


@dataclass(slots=True)
class Call:
    """A call in which the plugin speaks: its audio output, a caller who listens, and the stand-in with its REST API."""

    session: AgentSession[Any]
    avatar: liveavatar.AvatarSession | AvatarSession
    ear: Ear
    http: ClientSession
    stand_in: str
    service: Service

    @property
    def voice(self) -> AudioOutput:
        """The plugin's audio output."""
        assert self.session.output.audio is not None
        return self.session.output.audio

    async def say(self, seconds: float) -> None:
        """Capture a tone, as a TTS would: much faster than real time."""
        samples = np.sin(2 * np.pi * TONE_HZ * np.arange(round(seconds * RATE_HZ)) / RATE_HZ) * 10_000
        for frame in np.array_split(samples.astype("<i2"), round(seconds / 0.1)):
            await self.voice.capture_frame(rtc.AudioFrame(frame.tobytes(), RATE_HZ, 1, len(frame)))

    async def sessions(self) -> list[Any]:
        """Return the stand-in's data on its sessions, the oldest first."""
        async with self.http.get(f"{self.stand_in}/stand-in/sessions") as response:
            return list((await response.json())["sessions"])

    async def inspect(self) -> Any:
        """Return the stand-in's data on the last session."""
        return (await self.sessions())[-1]


def mint(server: LiveKitServer, identity: str) -> str:
    """Return a token for the room of these tests."""
    grants = api.VideoGrants(room_join=True, room="avatar-call")
    return api.AccessToken(server.api_key, server.api_secret).with_identity(identity).with_grants(grants).to_jwt()


@asynccontextmanager
async def call(
    plugin: type[liveavatar.AvatarSession | AvatarSession],
    server: LiveKitServer,
    dialect: Dialect,
    habits: Habits = PROMPT,
    faults: Sequence[Fault] = (),
) -> AsyncIterator[Call]:
    """Yield a call in which the plugin's avatar has joined, and a caller listens to it."""
    async with AsyncExitStack() as stack:
        app = create_app(Options(habits=replace(habits, dialect=dialect)), faults=FaultPlan(faults))
        stand_in = await stack.enter_async_context(TestServer(app))
        url = str(stand_in.make_url("")).rstrip("/")
        http = await stack.enter_async_context(utils.http_context.open())
        ear = await stack.enter_async_context(Ear(server.url, mint(server, "caller"), AVATAR_IDENTITY))
        room = rtc.Room()
        await room.connect(server.url, mint(server, "agent"))
        stack.push_async_callback(room.disconnect)
        session = AgentSession[None]()
        avatar = plugin(avatar_id=DRAWN_FACE_ID, api_url=f"{url}/v1/sessions", api_key="stand-in", video_quality="low")
        await avatar.start(
            session,
            room,
            livekit_url=server.url,
            livekit_api_key=server.api_key,
            livekit_api_secret=server.api_secret,
        )
        stack.push_async_callback(avatar.aclose)
        await session.start(Agent(instructions=""))
        stack.push_async_callback(session.aclose)
        await avatar.wait_for_join()
        await ear.wait_until_it_hears()
        yield Call(session, avatar, ear, http, url, app[SERVICE])
