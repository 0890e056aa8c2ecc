"""The service's observed habits, over real HTTP and WebSockets and on a real LiveKit server.

tests/avatar/test_habits.py tests each of them, with its times, on a whole avatar session in virtual time; so the ones
that take long here are for `make test-long`.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from avatar import AvatarSession, CapacityError
from simulators.faults.avatar import End
from simulators.faults.sockets import Drop
from simulators.liveavatar import FULL, Habits
from tests.e2e.avatar_call import Call, call, mint
from tests.e2e.ear import Ear

if TYPE_CHECKING:
    from demo.livekit_server import LiveKitServer

pytestmark = pytest.mark.ours(reason="no worker takes part that could use other rooms")

BYTES_PER_SECOND = 48_000

# Every default is an observation: grants are checked, `connected` comes once, the first speech begins after 3 s.
SEEN = Habits()


async def say(conversation: Call, seconds: float) -> None:
    """Say something, and check that the avatar plays it to its end."""
    await conversation.say(seconds)
    conversation.voice.flush()
    finished = await conversation.voice.wait_for_playout()
    assert (finished.playback_position, finished.interrupted) == (seconds, False)


def started(sessions: list[Any]) -> list[Any]:
    """Return the sessions that were billed."""
    return [session for session in sessions if session["started_at"] is not None]


def heard(session: Any) -> list[int]:
    """Return the bytes that were heard of each utterance of a session."""
    return [utterance["heard_bytes"] for utterance in session["utterances"]]


@pytest.mark.parametrize(
    "habits",
    [
        pytest.param(SEEN, id="as it was seen"),
        pytest.param(Habits(connected_after=None), id="connected never comes"),
        pytest.param(Habits(connected_after=5.6), id="connected comes late", marks=pytest.mark.long),
        pytest.param(Habits(start_takes=15.0), id="a start takes 15 s", marks=pytest.mark.long),
    ],
)
async def test_one_session_says_everything(livekit_server: LiveKitServer, habits: Habits) -> None:
    """Two segments are heard whole, from one session with one WebSocket."""
    async with call(AvatarSession, livekit_server, FULL, habits) as conversation:
        await say(conversation, 1.0)
        await say(conversation, 1.0)
        await conversation.ear.wait_for_silence(0.5)
        (session,) = await conversation.sessions()

    assert heard(session) == [BYTES_PER_SECOND, BYTES_PER_SECOND]
    assert session["sockets"] == 1


async def test_a_dropped_socket_is_replaced_in_its_session(livekit_server: LiveKitServer) -> None:
    """The service doesn't say `connected` on the second WebSocket, and the rest of the speech is sent there."""
    drop = Drop(vendor="liveavatar", at="speaking", after=1.0)
    async with call(AvatarSession, livekit_server, FULL, SEEN, [drop]) as conversation:
        await say(conversation, 6.0)
        (session,) = await conversation.sessions()

    assert session["sockets"] == 2
    assert sum(heard(session)) >= 5 * BYTES_PER_SECOND


@pytest.mark.parametrize("code", [4032, pytest.param(4003, marks=pytest.mark.long)])
async def test_with_one_slot_the_next_session_begins_when_the_slot_is_free(
    livekit_server: LiveKitServer, code: int
) -> None:
    """The service ends the session; its slot is free 2.5 s later, and the next session says the next segment."""
    habits = Habits(concurrency=1, concurrency_code=code)
    end = End(vendor="liveavatar", at="speaking", after=0.5)
    async with call(AvatarSession, livekit_server, FULL, habits, [end]) as conversation:
        avatar = conversation.avatar
        assert isinstance(avatar, AvatarSession)
        is_live = asyncio.Event()
        avatar.on("status_changed", lambda status: is_live.set() if status.is_live else is_live.clear())
        await say(conversation, 1.0)
        await is_live.wait()
        await say(conversation, 1.0)
        first, second = started(await conversation.sessions())

    assert first["end_reason"] == "SERVER_ERROR"
    assert heard(second)[-1] == BYTES_PER_SECOND


async def test_speech_that_is_cut_at_the_paid_limit_is_heard_to_its_end(livekit_server: LiveKitServer) -> None:
    """The service reports the speech's end after 0.37 s; the fallback track says the rest meanwhile."""
    onlooker = Ear(livekit_server.url, mint(livekit_server, "onlooker"), "agent")
    async with call(AvatarSession, livekit_server, FULL, SEEN) as conversation, onlooker:
        await say(conversation, 0.5)
        service = conversation.service
        limited = service.model.sessions[0].conversation
        assert limited is not None
        limited.player.limit(now=service.clock.now)
        await say(conversation, 4.0)
        await onlooker.wait_for_silence(0.5)
        first, _ = started(await conversation.sessions())

    assert heard(first)[-1] < BYTES_PER_SECOND
    assert onlooker.sound_seconds > 3.0


@pytest.mark.parametrize("code", [4033, pytest.param(4007, marks=pytest.mark.long)])
async def test_an_account_without_credits_is_named(livekit_server: LiveKitServer, code: int) -> None:
    """The start is refused once, for the credits and not for the key."""
    habits = Habits(credits=0.0, no_credits_code=code)
    with pytest.raises(CapacityError, match="credit"):
        async with call(AvatarSession, livekit_server, FULL, habits):
            pass
