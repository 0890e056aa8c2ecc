"""An agent session that speaks through an avatar, without a LiveKit server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from livekit.agents import AgentSession, APIConnectOptions
from livekit.agents.voice.io import AudioOutput, PlaybackFinishedEvent

from avatar import AvatarSession
from tests.avatar.fakes import KEY, FakeRoom, LiteService

LIVEKIT = {
    "livekit_url": "ws://127.0.0.1:1",
    "livekit_api_key": "devkey",
    "livekit_api_secret": "a-secret-of-more-than-thirty-two-characters",
}


@asynccontextmanager
async def call(service: LiteService, **options: Any) -> AsyncIterator[tuple[AvatarSession, AudioOutput]]:
    """Yield an agent session that speaks through an avatar of `service`."""
    async with service.running_server() as url:
        avatar = AvatarSession(
            api_key=options.pop("api_key", KEY),
            api_url=url + options.pop("api_path", ""),
            avatar_id="an-avatar",
            conn_options=APIConnectOptions(max_retry=0, timeout=5.0),
            **options,
        )
        session: AgentSession[Any] = AgentSession(vad=None)
        try:
            await avatar.start(session, FakeRoom(), **LIVEKIT)  # type: ignore[arg-type] # a small stand-in
            assert session.output.audio is not None
            yield avatar, session.output.audio
        finally:
            await avatar.aclose()
            await session.aclose()


async def played(output: AudioOutput) -> PlaybackFinishedEvent:
    """Wait until everything that was captured has been played."""
    async with asyncio.timeout(20):
        return await output.wait_for_playout()
