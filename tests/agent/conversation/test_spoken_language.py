"""Which of a persona's languages is spoken, and its sentences."""

from __future__ import annotations

from agent.conversation.fillers import DEFAULT_FILLERS
from agent.conversation.spoken_language import SpokenLanguage
from agent.conversation.still_there import DEFAULT_LINES
from agent.persona import Persona

PERSONA = Persona.model_validate(
    {
        "name": "Ada",
        "instructions": "Be kind.",
        "apology": "Sorry.",
        "goodbye": "Bye.",
        "fillers": ["Hm."],
        "language": "multi",
        "languages": {"es": {"voice": "abc", "apology": "Perdón."}, "pt-BR": {"goodbye": "Tchau."}},
        "silence": {"ask_after": 10, "lines": ["You there?"], "goodbye": "You seem to be gone."},
    }
)


def test_the_language_is_the_last_one_heard() -> None:
    """The region does not matter; a language that the persona lacks is answered in the first one."""
    language = SpokenLanguage(PERSONA)
    codes = [(language.hear(code), language.code) for code in ("en", "es-419", "es", "pt-BR", "pt", "fr")]

    assert codes == [(False, None), (True, "es"), (False, "es"), (True, "pt-BR"), (False, "pt-BR"), (True, None)]


def test_the_sentences_are_of_the_language() -> None:
    """Sentences that a language lacks are the persona's own; fillers and questions are the language's defaults."""
    language = SpokenLanguage(PERSONA)
    own = (language.apology, language.goodbye, language.silence_goodbye, language.fillers, language.silence_lines)
    language.hear("es")
    spanish = (language.apology, language.goodbye, language.silence_goodbye, language.fillers, language.silence_lines)
    language.hear("pt-BR")

    assert own == ("Sorry.", "Bye.", "You seem to be gone.", ("Hm.",), ("You there?",))
    assert spanish == ("Perdón.", "Bye.", "You seem to be gone.", DEFAULT_FILLERS["es"], DEFAULT_LINES["es"])
    assert (language.goodbye, language.silence_goodbye) == ("Tchau.", "Tchau.")
