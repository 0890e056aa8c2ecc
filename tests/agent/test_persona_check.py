"""Errors of a persona that are found at the start instead of during a call."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from agent.persona import Persona
from agent.persona_check import require_usable, warn_of_doubts
from agent.settings import Settings, SettingsError


def persona(**fields: Any) -> Persona:
    """Make a persona with these fields."""
    return Persona.model_validate({"name": "Ada", "instructions": "Be kind."} | fields)


def test_all_problems_are_named_at_once() -> None:
    """Each has its field, and what would work."""
    broken = persona(
        language="multi",
        voice={"model": "eleven_v3", "style": 0.5},
        languages={"ur": {"voice": {"model": "eleven_v4", "speed": 1.1}}},
    )
    with pytest.raises(SettingsError) as error:
        require_usable(Settings(deepgram_model="nova-3"), broken)

    assert [problem.partition("; ")[0] for problem in error.value.problems] == [
        "the persona Ada: languages.ur: nova-3 does not hear ur with multi",
        "the persona Ada: voice.style: eleven_v3 takes only stability",
        "the persona Ada: languages.ur.voice.speed: eleven_v4 takes only stability",
    ]


def test_a_usable_persona_is_accepted() -> None:
    """Deepgram can tell its languages apart, and each may have its own voice."""
    require_usable(Settings(), persona(language="multi", languages={"es": {"voice": "abc"}, "vi": {}}))


@pytest.mark.parametrize(("language", "warnings"), [("de", 0), ("multi", 0), ("tlh", 1)])
def test_a_language_that_only_the_vendor_knows_causes_a_warning(
    caplog: pytest.LogCaptureFixture, language: str, warnings: int
) -> None:
    """A language that is missing in the table is not an error."""
    require_usable(Settings(), persona(language=language))
    with caplog.at_level(logging.WARNING, logger="agent"):
        warn_of_doubts(Settings(), persona(language=language))

    assert len(caplog.records) == warnings
