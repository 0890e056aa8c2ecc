"""Captions in an agent session: they replace the framework's, and restore them afterwards."""

import pytest
from livekit.agents.voice.io import TextOutput
from livekit.agents.voice.recorder_io import RecorderIO
from livekit.agents.voice.transcription import TranscriptSynchronizer

from avatar import ConfigurationError
from tests.avatar.calls import call, played
from tests.avatar.fakes import LiteService, frame


class Unread(TextOutput):
    """A room's transcription that keeps the text it was given."""

    def __init__(self) -> None:
        super().__init__(label="Unread", next_in_chain=None)
        self.text = ""

    async def capture_text(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


async def test_the_transcription_follows_the_avatar_also_when_the_call_is_recorded() -> None:
    """The framework's recorder, as used by LiveKit Cloud, then wraps the avatar's output."""
    async with call(LiteService(), caption_delay=0.0) as (avatar, output):
        session = avatar._agent_session
        assert session is not None
        session.output.transcription = Unread()
        session.output.audio = RecorderIO(agent_session=session).record_output(output)
        avatar.sync_transcription()
        await session.output.transcription.capture_text("one two three")
        session.output.transcription.flush()
        await session.output.audio.capture_frame(frame(0.3))
        session.output.audio.flush()
        event = await played(session.output.audio)

    assert event.synchronized_transcript == "one two three"


async def test_two_synchronizers_are_refused() -> None:
    """The framework's synchronizer follows another clock: words would be shown twice, or late."""
    async with call(LiteService()) as (avatar, output):
        session = avatar._agent_session
        assert session is not None
        synchronizer = TranscriptSynchronizer(next_in_chain_audio=output, next_in_chain_text=Unread())
        session.output.transcription = synchronizer.text_output
        with pytest.raises(ConfigurationError, match="sync_transcription=False"):
            avatar.sync_transcription()
        await synchronizer.aclose()


async def test_a_session_that_continues_without_its_avatar_has_its_former_output() -> None:
    """The text goes to its former output at once, as without an avatar."""
    async with call(LiteService(), caption_delay=0.0) as (avatar, output):
        session, transcription = avatar._agent_session, Unread()
        assert session is not None
        session.output.transcription = transcription
        avatar.sync_transcription()
        told: list[object] = []
        avatar.on("status_changed", told.append)
        await avatar.aclose()
        await output.capture_frame(frame(1.0))
        output.flush()

        assert (await played(output)).interrupted
        assert session.output.transcription is transcription
        assert not avatar.is_live
        assert told == []
