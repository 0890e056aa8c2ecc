"""Our avatar module on a real LiveKit server: its reports match what the stand-in has really played."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit.agents.voice.io import TextOutput

from avatar import AvatarSession
from avatar.captions.captions import AvatarCaptions
from simulators.liveavatar import FULL
from tests.e2e.avatar_call import TONE_HZ, call, every_dialect

if TYPE_CHECKING:
    from demo.livekit_server import LiveKitServer
    from simulators.liveavatar import Dialect

pytestmark = pytest.mark.ours(reason="no worker takes part that could use other rooms")

BYTES_PER_SECOND = 48_000
# Seconds between a reported position and the stand-in's; a benchmark measures this more closely.
#
# On a busy machine the stand-in's time may stop while ours goes on; the stand-in reports for how long.
AGREES = 0.2


@every_dialect
async def test_a_segment_is_heard_to_its_end(livekit_server: LiveKitServer, dialect: Dialect) -> None:
    """The avatar joins with its picture, every byte is heard under one event id, and playback ends with the last."""
    async with call(AvatarSession, livekit_server, dialect) as conversation:
        await conversation.say(2.0)
        conversation.voice.flush()
        finished = await conversation.voice.wait_for_playout()
        await conversation.ear.wait_for_silence(0.5)
        session = await conversation.inspect()

        assert await conversation.ear.wait_for_video() == (640, 360)
        assert (finished.playback_position, finished.interrupted) == (2.0, False)
        assert [utterance["heard_bytes"] for utterance in session["utterances"]] == [2 * BYTES_PER_SECOND]
        assert (session["underrun_seconds"], session["dropped_commands"]) == (0, 0)
        assert conversation.ear.loudest_hz == pytest.approx(TONE_HZ, abs=3.0)


@every_dialect
async def test_a_barge_in_reports_what_was_played(livekit_server: LiveKitServer, dialect: Dialect) -> None:
    """Of ten seconds that were sent, the reported position is what the stand-in played; then there is silence."""
    async with call(AvatarSession, livekit_server, dialect) as conversation:
        await conversation.say(10.0)
        conversation.voice.flush()
        await conversation.ear.wait_for_sound(1.0)
        conversation.voice.clear_buffer()
        finished = await conversation.voice.wait_for_playout()
        await conversation.ear.wait_for_silence(1.0)
        session = await conversation.inspect()
        utterance = session["utterances"][0]

        assert finished.interrupted
        assert utterance["interrupted"]
        ahead = finished.playback_position - utterance["heard_bytes"] / BYTES_PER_SECOND
        assert -AGREES <= ahead <= AGREES + session["stalled_seconds"]
        assert conversation.ear.sound_seconds < 2.0


@every_dialect
async def test_a_pause_is_silent_and_resumes(livekit_server: LiveKitServer, dialect: Dialect) -> None:
    """A pause silences the avatar; a resume says the rest, and no more than a moment is lost or said twice."""
    async with call(AvatarSession, livekit_server, dialect) as conversation:
        await conversation.say(3.0)
        conversation.voice.flush()
        await conversation.ear.wait_for_sound(1.0)
        conversation.voice.pause()
        await conversation.ear.wait_for_silence(1.0)
        conversation.voice.resume()
        finished = await conversation.voice.wait_for_playout()
        session = await conversation.inspect()

        assert (finished.playback_position, finished.interrupted) == (3.0, False)
        heard = sum(utterance["heard_bytes"] for utterance in session["utterances"]) / BYTES_PER_SECOND
        assert 3.0 - AGREES - session["stalled_seconds"] <= heard <= 3.0 + AGREES
        assert session["interrupts"] == 1


async def test_a_barge_in_before_the_first_sound_is_sent(livekit_server: LiveKitServer) -> None:
    """Speech that was sent but has not begun is interrupted, and none of it is heard."""
    async with call(AvatarSession, livekit_server, FULL) as conversation:
        await conversation.say(1.0)
        conversation.voice.clear_buffer()
        first = await conversation.voice.wait_for_playout()
        await conversation.say(1.0)
        conversation.voice.flush()
        second = await conversation.voice.wait_for_playout()
        await conversation.ear.wait_for_silence(0.3)  # its last audio is still on its way when its end is reported

        assert (first.playback_position, first.interrupted) == (0.0, True)
        assert (second.playback_position, second.interrupted) == (1.0, False)
        assert conversation.ear.sound_seconds == pytest.approx(1.0, abs=AGREES)


async def test_the_delay_of_the_avatars_sound_is_measured(livekit_server: LiveKitServer) -> None:
    """Three beginnings are heard on the avatar's own track; a sound that comes before its report does not count."""
    async with call(AvatarSession, livekit_server, FULL) as conversation:
        avatar = conversation.avatar
        assert isinstance(avatar, AvatarSession)
        conversation.session.output.transcription = Unread()
        avatar.sync_transcription()
        captions = conversation.session.output.transcription
        assert isinstance(captions, AvatarCaptions)
        delays = captions.beginnings.delays
        said = 0
        while len(delays) < 3 and said < 6:
            await conversation.say(0.4)
            conversation.voice.flush()
            await conversation.voice.wait_for_playout()
            await conversation.ear.wait_for_silence(0.3)
            said += 1

        assert len(delays) == 3
        assert sorted(delays)[1] == captions._delay


class Unread(TextOutput):
    """A transcription that drops its text."""

    def __init__(self) -> None:
        super().__init__(label="Unread", next_in_chain=None)

    async def capture_text(self, text: str) -> None:
        pass

    def flush(self) -> None:
        pass


async def test_the_session_is_stopped_at_the_end(livekit_server: LiveKitServer) -> None:
    """Closing the agent session ends the avatar's session, and the avatar leaves the room."""
    async with call(AvatarSession, livekit_server, FULL) as conversation:
        await conversation.session.aclose()
        await conversation.ear.left.wait()
        inspected = await conversation.inspect()

        assert (inspected["state"], inspected["end_reason"]) == ("ended", "USER_CLOSED")
