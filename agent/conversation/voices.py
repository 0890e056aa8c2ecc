"""A text-to-speech that chooses one of several, by the language that is spoken."""

from collections.abc import Mapping
from typing import Any, Literal

from livekit.agents import APIConnectOptions, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS


class VoicesByLanguage(tts.TTS[Literal["never"]]):
    """Speaks each text with the voice of the present language; a text that has begun keeps its voice.

    Args:
        own: Speaks if the present language has no voice.
        others: The other voices, by language code.
    """

    def __init__(self, own: tts.TTS[Any], others: Mapping[str, tts.TTS[Any]]) -> None:
        super().__init__(capabilities=own.capabilities, sample_rate=own.sample_rate, num_channels=own.num_channels)
        self._own = own
        self._others = others
        self._present = own
        for voice in (own, *others.values()):
            voice.on("metrics_collected", self._forward_metrics)
            voice.on("error", self._forward_error)

    def speak(self, language: str | None) -> None:
        """Choose the language of the texts from here on; None for the own one."""
        self._present = self.of(language)

    def of(self, language: str | None) -> tts.TTS[Any]:
        """Return the voice of a language; None for the own one."""
        return self._others.get(language or "", self._own)

    @property
    def model(self) -> str:
        """Model of the present voice."""
        return self._present.model

    @property
    def provider(self) -> str:
        """Provider of the present voice."""
        return self._present.provider

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> tts.ChunkedStream:
        """Synthesise a text with the present voice."""
        return self._present.synthesize(text, conn_options=conn_options)

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> tts.SynthesizeStream:
        """Open a stream with the present voice."""
        return self._present.stream(conn_options=conn_options)

    def prewarm(self, **options: Any) -> None:
        """Connect the own voice."""
        self._own.prewarm(**options)

    async def aclose(self) -> None:
        """Close all voices."""
        for voice in (self._own, *self._others.values()):
            await voice.aclose()

    def _forward_metrics(self, *event: Any) -> None:
        self.emit("metrics_collected", *event)

    def _forward_error(self, *event: Any) -> None:
        self.emit("error", *event)


def in_language(voices: tts.TTS[Any] | None, language: str | None) -> tts.TTS[Any] | None:
    """Return the voice of one language, regardless of the present one; for None the own voice."""
    return voices.of(language) if isinstance(voices, VoicesByLanguage) else voices
