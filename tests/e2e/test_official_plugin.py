"""The official livekit-plugins-liveavatar has a conversation with the stand-in, on a real LiveKit server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit.plugins import liveavatar

from simulators.liveavatar import FULL, STATE_ONLY, Habits
from tests.e2e.avatar_call import TONE_HZ, call

if TYPE_CHECKING:
    from demo.livekit_server import LiveKitServer
    from simulators.liveavatar import Dialect

pytestmark = pytest.mark.ours(reason="no worker takes part that could use other rooms")

both_dialects = pytest.mark.parametrize(
    "dialect", [FULL, pytest.param(STATE_ONLY, marks=pytest.mark.long)], ids=lambda dialect: dialect.name
)


@both_dialects
async def test_plugin_is_heard_and_gets_the_end_of_its_speech(livekit_server: LiveKitServer, dialect: Dialect) -> None:
    """The avatar joins with its picture, its track carries the tone that was sent, and the playback is reported."""
    async with call(liveavatar.AvatarSession, livekit_server, dialect, Habits()) as conversation:
        await conversation.say(2.0)
        conversation.voice.flush()
        finished = await conversation.voice.wait_for_playout()
        await conversation.ear.wait_for_silence(0.5)
        utterance = (await conversation.inspect())["utterances"][0]

        assert await conversation.ear.wait_for_video() == (640, 360)
        assert finished.playback_position == pytest.approx(2.0)
        assert not finished.interrupted
        assert (utterance["heard_bytes"], utterance["underrun_seconds"]) == (96_000, 0)
        assert conversation.ear.sound_seconds == pytest.approx(2.0, abs=0.25)
        assert conversation.ear.loudest_hz == pytest.approx(TONE_HZ, abs=3.0)


@both_dialects
async def test_plugin_is_silenced_when_it_interrupts(livekit_server: LiveKitServer, dialect: Dialect) -> None:
    """Of ten seconds only the first is heard, on the track as in the stand-in's records."""
    async with call(liveavatar.AvatarSession, livekit_server, dialect, Habits()) as conversation:
        await conversation.say(10.0)
        conversation.voice.flush()
        await conversation.ear.wait_for_sound(1.0)
        conversation.voice.clear_buffer()
        finished = await conversation.voice.wait_for_playout()
        await conversation.ear.wait_for_silence(1.0)
        utterance = (await conversation.inspect())["utterances"][0]

        assert finished.interrupted
        assert utterance["interrupted"]
        assert conversation.ear.sound_seconds == pytest.approx(utterance["heard_bytes"] / 48_000, abs=0.25)
        assert conversation.ear.sound_seconds < 2.0


async def test_plugin_speaks_again_when_it_was_interrupted(livekit_server: LiveKitServer) -> None:
    """After an interrupt the next utterance is heard whole."""
    async with call(liveavatar.AvatarSession, livekit_server, FULL, Habits()) as conversation:
        await conversation.say(10.0)
        conversation.voice.flush()
        await conversation.ear.wait_for_sound(0.5)
        conversation.voice.clear_buffer()
        await conversation.voice.wait_for_playout()
        await conversation.ear.wait_for_silence(0.5)
        await conversation.say(1.0)
        conversation.voice.flush()
        finished = await conversation.voice.wait_for_playout()

        assert finished.playback_position == pytest.approx(1.0)
        assert not finished.interrupted
        assert (await conversation.inspect())["utterances"][1]["heard_bytes"] == 48_000


async def test_session_is_stopped_when_the_plugin_ends(livekit_server: LiveKitServer) -> None:
    """The plugin stops its session, and the avatar leaves the room."""
    async with call(liveavatar.AvatarSession, livekit_server, FULL, Habits()) as conversation:
        await conversation.session.aclose()
        await conversation.ear.left.wait()
        inspected = await conversation.inspect()

        assert (inspected["state"], inspected["end_reason"]) == ("ended", "USER_DISCONNECTED")
