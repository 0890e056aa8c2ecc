"""Puts captions in the avatar's time into an agent session, and takes them out again."""

from livekit import rtc
from livekit.agents.voice.io import AgentOutput, TextOutput

from avatar.audio_output import AvatarAudioOutput
from avatar.captions.captions import AvatarCaptions
from avatar.captions.delay import DelayMeter
from avatar.errors import ConfigurationError

_SYNCHRONIZER = "TranscriptSynchronizer"
# The label of the framework's outputs that are in step with each other.


class SyncedTranscription:
    """The transcription of an agent session, shown as the avatar says it.

    Args:
        output: Of the agent session.
        transcription: Where its text goes now.
        speech: Where its speech goes.
        room: Where the avatar is heard.
        identity: Of the avatar.
        delay: Seconds from the avatar's mouth to the caller's ear; None: as measured.

    Raises:
        ConfigurationError: The framework's own synchronizer is at work.
    """

    def __init__(
        self,
        output: AgentOutput,
        transcription: TextOutput,
        speech: AvatarAudioOutput,
        room: rtc.Room,
        identity: str,
        *,
        delay: float | None,
    ) -> None:
        if transcription.label == _SYNCHRONIZER:
            message = "start the agent session with TextOutputOptions(sync_transcription=False)"
            raise ConfigurationError(message)
        self._output = output
        self._shown_in = transcription
        self._speech = speech
        self._captions = AvatarCaptions(transcription, speech.played, is_spoken=self._is_spoken, delay=delay or 0)
        self._meter: DelayMeter | None = None
        if delay is None:
            self._meter = DelayMeter(room, identity, self._captions.beginnings, self._captions.set_delay)
        speech.captions = output.transcription = self._captions

    async def aclose(self) -> None:
        """Let the text go where it went before."""
        if self._meter is not None:
            await self._meter.aclose()
        self._speech.captions = None
        if self._output.transcription is self._captions:
            self._output.transcription = self._shown_in
        await self._captions.aclose()

    def _is_spoken(self) -> bool:
        return self._output.audio is not None and self._output.audio_enabled
