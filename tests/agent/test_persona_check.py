"""What a start finds out about a persona is refused before a call."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from agent.persona import Persona
from agent.persona_check import require_usable, warn_of_doubts
from agent.settings import Settings, SettingsError


def persona(**fields: Any) -> Persona:
    """One with these fields."""
    return Persona.model_validate({"name": "Ada", "instructions": "Be kind."} | fields)


def test_everything_that_can_not_work_is_named_at_once() -> None:
    """Each with its field and what would work."""
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


def test_a_persona_that_can_work_is_taken() -> None:
    """With languages that Deepgram tells apart, each in its own voice."""
    require_usable(Settings(), persona(language="multi", languages={"es": {"voice": "abc"}, "vi": {}}))


@pytest.mark.parametrize(("language", "warnings"), [("de", 0), ("multi", 0), ("tlh", 1)])
def test_what_only_the_vendor_knows_is_doubted(caplog: pytest.LogCaptureFixture, language: str, warnings: int) -> None:
    """A language that is in no table is no mistake."""
    require_usable(Settings(), persona(language=language))
    with caplog.at_level(logging.WARNING, logger="agent"):
        warn_of_doubts(Settings(), persona(language=language))

    assert len(caplog.records) == warnings
