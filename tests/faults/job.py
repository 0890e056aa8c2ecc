"""A job like the worker's, without its room: an avatar session that speaks until it is killed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from livekit.agents import AgentSession, APIConnectOptions

from agent.process.parent_watch import end_with_worker
from avatar import SANDBOX_AVATAR_ID, AvatarSession
from avatar.sessions.journal import SessionJournal
from tests.avatar.fakes import FakeRoom, frame
from tests.faults.gated_service import LIVEKIT_KEY, LIVEKIT_SECRET

if TYPE_CHECKING:
    from agent.settings import Settings


def run(settings: Settings, room: str) -> None:
    """Talk in a room; a room whose name begins with `stopping` is left after a word."""
    journal = SessionJournal(settings.state_dir)
    end_with_worker(settings, journal)
    asyncio.run(_call(settings, journal, room))


async def _call(settings: Settings, journal: SessionJournal, name: str) -> None:
    avatar = AvatarSession(
        avatar_id=SANDBOX_AVATAR_ID,
        api_key=settings.liveavatar_api_key.get_secret_value(),
        api_url=settings.liveavatar_api_url,
        conn_options=APIConnectOptions(max_retry=0, timeout=60.0),
        journal=journal,
    )
    session: AgentSession[Any] = AgentSession(vad=None)
    room = FakeRoom()
    room.name = name
    await avatar.start(
        session,
        room,  # type: ignore[arg-type] # a small stand-in
        livekit_url="ws://127.0.0.1:1",
        livekit_api_key=LIVEKIT_KEY,
        livekit_api_secret=LIVEKIT_SECRET,
    )
    output = session.output.audio
    assert output is not None
    await output.capture_frame(frame(30.0))
    if name.startswith("stopping"):
        await avatar.aclose()
    await asyncio.Event().wait()
