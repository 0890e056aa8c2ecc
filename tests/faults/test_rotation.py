"""A talk that is longer than a session: another session takes over, and no second of it is lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from simulators.liveavatar import Options
from tests.faults.hall import speech
from tests.faults.test_recovery import AVATAR, call

if TYPE_CHECKING:
    from demo.livekit_server import LiveKitServer

SESSION_SECONDS = 10
SEGMENT_SECONDS = 3
SEGMENTS = 6


@pytest.mark.asyncio(loop_scope="session")
async def test_a_talk_goes_on_over_sessions_that_are_shorter(livekit_server: LiveKitServer) -> None:
    """Each segment is heard whole, from one avatar or the next; the sessions before the last were stopped."""
    short = Options(connect_delay=0.1, max_session_duration=SESSION_SECONDS)
    async with call(livekit_server, [], stand_in=short) as conversation:
        await conversation.avatar.wait_for_join()
        async with asyncio.timeout(50):
            for _ in range(SEGMENTS):
                for frame in speech(SEGMENT_SECONDS):
                    await conversation.voice.capture_frame(frame)
                conversation.voice.flush()
                finished = await conversation.voice.wait_for_playout()
                assert (finished.playback_position, finished.interrupted) == (SEGMENT_SECONDS, False)
        await asyncio.sleep(0.5)
        heard = [conversation.hall.seconds_of(second) for second in range(SEGMENT_SECONDS)]
        books = await conversation.books()
        print("HEARD", heard, conversation.hall.speakers, conversation.hall.longest_silence)
        for x in books["sessions"]:
            print(
                [
                    (
                        u["received_bytes"] / 48000,
                        u["heard_bytes"] / 48000,
                        u["interrupted"],
                        round(u["started_at"] or -1, 1),
                    )
                    for u in x["utterances"]
                ]
            )
        print(
            [
                (
                    s["state"],
                    s["end_reason"],
                    round(s["ended_at"] - s["started_at"], 1) if s["ended_at"] else None,
                    s["interrupts"],
                )
                for s in books["sessions"]
            ]
        )

        assert min(heard) > 0.9 * SEGMENTS
        assert conversation.hall.speakers[:2] == [AVATAR, f"{AVATAR}-2"]
        assert {session["end_reason"] for session in books["sessions"][:-2]} == {"USER_CLOSED"}
        assert conversation.statuses and all(status.is_live for status in conversation.statuses)


@pytest.mark.asyncio(loop_scope="session")
async def test_a_segment_longer_than_a_session_goes_on_in_the_next(livekit_server: LiveKitServer) -> None:
    """Without a pause to change in, the change is made in the middle of the segment, just before the end."""
    short = Options(connect_delay=0.1, max_session_duration=8)
    async with call(livekit_server, [], stand_in=short) as conversation:
        await conversation.avatar.wait_for_join()
        for frame in speech(10):
            await conversation.voice.capture_frame(frame)
        conversation.voice.flush()
        async with asyncio.timeout(40):
            finished = await conversation.voice.wait_for_playout()
        await asyncio.sleep(0.5)
        heard = [conversation.hall.seconds_of(second) for second in range(10)]
        print("HEARD", heard, conversation.hall.speakers, conversation.hall.longest_silence)

        assert (finished.playback_position, finished.interrupted) == (10, False)
        assert min(heard) > 0.5
