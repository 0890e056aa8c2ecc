"""Checks a persona against the settings when the worker starts, so that mistakes are found before a call."""

import logging

from agent.persona import Persona
from agent.settings import Settings, SettingsError
from agent.settings.deepgram_models import doubted
from agent.turns import turn_settings

logger = logging.getLogger("agent")


def require_usable(settings: Settings, persona: Persona) -> None:
    """Check that the models accept the persona's options, and that nothing in it contradicts the settings.

    Raises:
        SettingsError: Something can't work; the error names all of it, and what would work instead.
    """
    turn_settings(settings, persona)
    problems = persona.hearing.problems(settings.deepgram_model, persona.language, persona.languages)
    voices = {"": persona.voice, **{f"languages.{code}.": each.voice for code, each in persona.languages.items()}}
    for place, voice in voices.items():
        problems += [f"{place}{problem}" for problem in voice.problems(settings.eleven_model)]
    if problems:
        raise SettingsError([f"the persona {persona.name}: {problem}" for problem in problems])


def warn_of_doubts(settings: Settings, persona: Persona) -> None:
    """Warn if only Deepgram can tell whether its model knows the language: it adds languages faster than any table."""
    if doubted(settings.deepgram_model, persona.language):
        extra = {"model": settings.deepgram_model, "language": persona.language}
        logger.warning("the model may not understand the persona's language; `doctor` checks that", extra=extra)
