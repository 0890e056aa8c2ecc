"""A talk that is longer than a session: another session takes over, and no second of it is lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.faults.call import AVATAR, ON_ITS_WAY, PROMPT, call
from tests.reliability import Row, measured

if TYPE_CHECKING:
    from demo.livekit_server import LiveKitServer

SEGMENT_SECONDS = 3
SEGMENTS = 5


@pytest.mark.long
@pytest.mark.asyncio(loop_scope="session")
async def test_a_talk_continues_over_several_short_sessions(
    livekit_server: LiveKitServer, reliability: list[Row]
) -> None:
    """Every second of every segment is heard, from one avatar or the next; the earlier sessions were stopped."""
    short = replace(PROMPT, max_duration=10)
    async with call(livekit_server, [], habits=short) as conversation:
        await conversation.avatar.wait_for_join()
        for _ in range(SEGMENTS):
            await conversation.say(SEGMENT_SECONDS)
            finished = await conversation.voice.wait_for_playout()
            assert (finished.playback_position, finished.interrupted) == (SEGMENT_SECONDS, False)
        await asyncio.sleep(ON_ITS_WAY)
        sessions = (await conversation.books())["sessions"]
        action = "start the next session before; change between two segments"
        name = "the session's time is up"
        reliability.append(Row(name, measured(conversation.hall), action, conversation.avatar.sessions_used))

        heard = [conversation.hall.seconds_of(second) for second in range(SEGMENT_SECONDS)]
        assert min(heard) > 0.9 * SEGMENTS, heard
        assert conversation.hall.speakers[:2] == [AVATAR, f"{AVATAR}-2"]
        assert {session["end_reason"] for session in sessions[:-2]} == {"USER_CLOSED"}
        assert all(status.is_live for status in conversation.statuses)


@pytest.mark.long
@pytest.mark.asyncio(loop_scope="session")
async def test_a_segment_longer_than_a_session_continues_in_the_next(livekit_server: LiveKitServer) -> None:
    """Without a pause, the change is within the segment, just before the session's end."""
    short = replace(PROMPT, max_duration=8)
    async with call(livekit_server, [], habits=short) as conversation:
        await conversation.avatar.wait_for_join()
        await conversation.say(10)
        await conversation.is_heard_to_its_end(10)

        assert conversation.hall.speakers[:2] == [AVATAR, f"{AVATAR}-2"]


@pytest.mark.long
@pytest.mark.asyncio(loop_scope="session")
async def test_with_one_slot_the_fallback_track_bridges_two_sessions(
    livekit_server: LiveKitServer, reliability: list[Row]
) -> None:
    """No second session can start before the first has ended, so the fallback track speaks."""
    single = replace(PROMPT, max_duration=8, concurrency=1)
    async with call(livekit_server, [], habits=single) as conversation:
        await conversation.avatar.wait_for_join()
        await conversation.say(10)
        await conversation.is_heard_to_its_end(10)
        name = "the session's time is up, and the account has one slot"
        action = "leave before the service falls silent; the fallback track speaks until the next session is there"
        reliability.append(Row(name, measured(conversation.hall), action, conversation.avatar.sessions_used))

        assert conversation.hall.speakers[0] == AVATAR
