"""Several voices in one text-to-speech, chosen by the spoken language."""

from __future__ import annotations

import pytest

from agent.conversation.voices import VoicesByLanguage, in_language
from tests.agent.speech.speech_fakes import Line, ScriptedTTS


def voice(value: int) -> ScriptedTTS:
    """Make a voice that says two words in samples of this value."""
    return ScriptedTTS({"Hello.": Line(0.1, value), "Hola.": Line(0.1, value)})


async def heard(voices: VoicesByLanguage, text: str) -> int:
    """Return the voice that says a text, by its samples."""
    async with voices.stream() as stream:
        stream.push_text(text)
        stream.end_input()
        frames = [audio.frame async for audio in stream]
    return frames[0].data[0]


async def test_a_text_is_said_in_the_voice_of_its_language() -> None:
    """A language without a voice uses the persona's own."""
    voices = VoicesByLanguage(voice(1), {"es": voice(2)})
    said = []
    for language in (None, "es", "fr", "es", None):
        voices.speak(language)
        said.append(await heard(voices, "Hello."))

    assert said == [1, 2, 1, 2, 1]


async def test_a_text_keeps_the_voice_it_began_with() -> None:
    """The caller may change the language in the middle of an answer."""
    voices = VoicesByLanguage(voice(1), {"es": voice(2)})
    async with voices.stream() as stream:
        voices.speak("es")
        stream.push_text("Hello.")
        stream.end_input()
        frames = [audio.frame async for audio in stream]

    assert frames[0].data[0] == 1


async def test_the_session_sees_the_metrics_and_errors_of_every_voice() -> None:
    """The session listens to the one text-to-speech that it was given."""
    spanish = voice(2)
    voices = VoicesByLanguage(voice(1), {"es": spanish})
    told: list[str] = []
    voices.on("metrics_collected", lambda _: told.append("metrics"))
    voices.on("error", lambda _: told.append("error"))
    for event in ("metrics_collected", "error"):
        spanish.emit(event, None)

    assert told == ["metrics", "error"]


@pytest.mark.parametrize("language", ["es", None])
async def test_a_clip_is_made_in_the_voice_of_its_language(language: str | None) -> None:
    """The language spoken at present does not matter; a single voice speaks every language."""
    own, spanish = voice(1), voice(2)
    voices = VoicesByLanguage(own, {"es": spanish})
    voices.speak(language)

    assert in_language(voices, "es") is spanish
    assert in_language(own, "es") is own
    assert in_language(None, "es") is None
