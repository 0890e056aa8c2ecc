"""Captions that follow the avatar, installed in an agent session and removed again."""

from livekit.agents.voice.io import AgentOutput, TextOutput

from avatar.audio_output import AvatarAudioOutput
from avatar.captions.captions import AvatarCaptions
from avatar.captions.delay import DelayMeter
from avatar.core import Event, SpeechSent
from avatar.errors import ConfigurationError
from avatar.link.sound import AvatarSound

# Label of the framework's outputs that synchronize text with audio.
_SYNCHRONIZER = "TranscriptSynchronizer"


class SyncedTranscription:
    """The transcription of an agent session, shown as the avatar says it.

    Args:
        output: The agent session's output.
        transcription: Where its text goes now.
        speech: Where its speech goes.
        sound: The avatar's sound, to measure the delay; None if it is not available.
        identity: The avatar's identity.
        delay: Seconds from the playback that the service reports until the caller hears it; None to measure it.

    Raises:
        ConfigurationError: The framework's own synchronizer is in use.
    """

    def __init__(
        self,
        output: AgentOutput,
        transcription: TextOutput,
        speech: AvatarAudioOutput,
        sound: AvatarSound | None,
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
        if delay is None and sound is not None:
            self._meter = DelayMeter(sound, identity, self._captions.beginnings, self._captions.set_delay)
        speech.captions = output.transcription = self._captions

    def report(self, event: Event) -> None:
        """Measure the delay of a segment whose first chunk was just sent; other events are ignored."""
        if isinstance(event, SpeechSent) and self._meter is not None:
            self._meter.expect()

    async def aclose(self) -> None:
        """Show what was heard, and send the text where it went before."""
        if self._meter is not None:
            await self._meter.aclose()
        self._speech.captions = None
        if self._output.transcription is self._captions:
            self._output.transcription = self._shown_in
        await self._captions.aclose()

    def _is_spoken(self) -> bool:
        return self._output.audio is not None and self._output.audio_enabled
