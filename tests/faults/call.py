"""A call on a real LiveKit server whose avatar service has faults."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp.test_utils import TestServer
from livekit import api, rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, utils

from avatar import AvatarSession, AvatarStatus
from simulators.faults import FaultPlan, parse_faults
from simulators.liveavatar import Habits, Options, create_app
from simulators.liveavatar.model import DRAWN_FACE_ID
from tests.faults.hall import Hall, speech

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aiohttp import ClientSession
    from livekit.agents.voice.io import AudioOutput

    from demo.livekit_server import LiveKitServer

SECONDS = 4
ROOM = "faults"
MOST_OF_A_SECOND = 0.5
# Seconds until played audio is heard.
ON_ITS_WAY = 0.5

# A service without the habits that have tests of their own.
PROMPT = Habits.fast(ready_after=0.1, connected_after=0.1, speech_starts_after=0.2)

AGENT, AVATAR = "agent", "liveavatar-avatar-agent"


@dataclass
class Call:
    """A call, with an avatar or without one."""

    avatar: AvatarSession
    voice: AudioOutput
    hall: Hall
    faults: FaultPlan
    http: ClientSession
    stand_in: str
    statuses: list[AvatarStatus] = field(default_factory=list)

    async def say(self, seconds: int = SECONDS) -> None:
        """Capture a whole speech, faster than it is spoken."""
        if self.hall.asked_at is None:
            self.hall.asked_at = asyncio.get_running_loop().time()
        for frame in speech(seconds):
            await self.voice.capture_frame(frame)
        self.voice.flush()

    async def is_heard_to_its_end(self, seconds: int = SECONDS) -> None:
        """Check that the speech is reported as played, and that some of every second of it was heard.

        On a busy machine the stand-in's time may stop while ours goes on; that much may be missing.
        """
        async with asyncio.timeout(40):
            finished = await self.voice.wait_for_playout()
            await self.hall.wait_for_second(seconds - 1)
        await asyncio.sleep(ON_ITS_WAY)
        heard = [self.hall.seconds_of(second) for second in range(seconds)]
        stalled = sum(session.get("stalled_seconds", 0.0) for session in (await self.books())["sessions"])

        assert (finished.playback_position, finished.interrupted) == (seconds, False)
        assert min(heard) + stalled > MOST_OF_A_SECOND, (heard, stalled)

    async def has_avatar(self) -> None:
        """Wait until there is an avatar."""
        async with asyncio.timeout(30):
            while not self.avatar.is_live:  # noqa: ASYNC110 - it may have been there before
                await asyncio.sleep(0.05)

    async def books(self) -> dict[str, Any]:
        """Return the stand-in's record of the last session."""
        async with self.http.get(f"{self.stand_in}/stand-in/sessions") as reply:
            known: dict[str, Any] = await reply.json()
            return known


def token(server: LiveKitServer, identity: str) -> str:
    """Make a token for the room."""
    grants = api.VideoGrants(room_join=True, room=ROOM)
    return api.AccessToken(server.api_key, server.api_secret).with_identity(identity).with_grants(grants).to_jwt()


@asynccontextmanager
async def call(server: LiveKitServer, faults: list[dict[str, Any]], **options: Any) -> AsyncIterator[Call]:
    """Yield a call with these faults armed; afterwards nothing that is billed is left."""
    plan = FaultPlan(parse_faults([{"vendor": "liveavatar", **fault} for fault in faults]))
    stand_in_options = Options(habits=options.pop("habits", PROMPT))
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(TestServer(create_app(stand_in_options, faults=plan)))
        url = str(service.make_url("")).rstrip("/")
        http = await stack.enter_async_context(utils.http_context.open())
        hall = await stack.enter_async_context(Hall(server.url, token(server, "caller")))
        room = rtc.Room()
        await room.connect(server.url, token(server, AGENT))
        stack.push_async_callback(room.disconnect)
        session = AgentSession[None]()
        avatar = AvatarSession(
            avatar_id=DRAWN_FACE_ID,
            api_url=url,
            api_key="stand-in",
            video_quality="low",
            conn_options=APIConnectOptions(max_retry=1, timeout=3.0),
            **options,
        )
        keys = {"livekit_api_key": server.api_key, "livekit_api_secret": server.api_secret}
        await avatar.start(session, room, livekit_url=server.url, **keys)
        await session.start(Agent(instructions=""))
        stack.push_async_callback(session.aclose)
        assert session.output.audio is not None
        conversation = Call(avatar, session.output.audio, hall, plan, http, url)
        avatar.on("status_changed", conversation.statuses.append)
        yield conversation
        await avatar.aclose()
        assert (await conversation.books())["open_sessions"] == 0
