"""Several languages in one call: each answer in the voice of the language that was heard."""

from __future__ import annotations

from livekit.agents.stt import SpeechEventType

from agent.persona import Persona
from agent.settings import Settings
from tests.agent.conversation.talking import ANSWER, SORRY, talk
from tests.agent.speech.speech_fakes import Line

FLUX = Settings(deepgram_model="flux-general-multi")
ENGLISH, SPANISH = Line(0.2, 2), Line(0.3, 5)
PERSONA = Persona.model_validate(
    {
        "name": "Ada",
        "instructions": "Be kind.",
        "apology": SORRY,
        "language": "multi",
        "languages": {"es": {"voice": "abc"}},
    }
)


async def test_the_voice_follows_the_language_of_the_caller() -> None:
    """The voice may change with every turn; a language that the persona does not list gets the persona's own voice."""
    async with talk(ENGLISH, spanish=SPANISH, persona=PERSONA) as conversation:
        for count, language in enumerate(("en", "es", "fr", "es-419"), 1):
            await conversation.hear(0.5, "tell me", language)
            await conversation.has_said(count)

        assert conversation.said == [ANSWER] * 4
        assert bytes(conversation.output.heard) == (ENGLISH.pcm + SPANISH.pcm) * 2


async def test_a_preemptive_answer_has_the_voice_too() -> None:
    """The transcript that starts the answer has the language."""
    async with talk(ENGLISH, spanish=SPANISH, persona=PERSONA, settings=FLUX) as conversation:
        ear = conversation.ear.streams[-1]
        ear.tell(SpeechEventType.START_OF_SPEECH)
        for kind in (SpeechEventType.PREFLIGHT_TRANSCRIPT, SpeechEventType.FINAL_TRANSCRIPT):
            ear.tell(kind, "dime algo", "es")
        ear.tell(SpeechEventType.END_OF_SPEECH)
        await conversation.has_said(1)

        assert bytes(conversation.output.heard) == SPANISH.pcm


async def test_a_persona_of_one_language_has_one_voice() -> None:
    """The language that speech-to-text detects does not matter."""
    async with talk(ENGLISH) as conversation:
        await conversation.hear(0.5, "dime", "es")
        await conversation.has_said(1)

        assert bytes(conversation.output.heard) == ENGLISH.pcm
