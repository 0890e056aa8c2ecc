"""The voice of a persona: an id, or a table."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from agent.settings.voice import Voice, VoiceOptions

VOICE: TypeAdapter[VoiceOptions] = TypeAdapter(Voice)


def test_an_id_alone_is_a_voice() -> None:
    """As in the persona files before there was a table."""
    assert VOICE.validate_python("abc") == VOICE.validate_python({"id": "abc"}) == VoiceOptions(id="abc")
    assert VOICE.dump_python(VoiceOptions(id="abc")) == "abc"


@pytest.mark.parametrize("written", ["abc", "", {"id": "abc", "speed": 1.1}, {"model": "eleven_v3"}])
def test_a_voice_is_written_as_it_was_read(written: object) -> None:
    """It travels in the configuration of a call."""
    assert VOICE.dump_python(VOICE.validate_python(written), mode="json") == written


@pytest.mark.parametrize(
    ("table", "allowed"),
    [
        ({"speed": 1.5}, "less than or equal to 1.2"),
        ({"speed": 0.5}, "greater than or equal to 0.7"),
        ({"stability": 1.1}, "less than or equal to 1"),
        ({"similarity_boost": -0.1}, "greater than or equal to 0"),
        ({"style": 2}, "less than or equal to 1"),
        ({"pitch": 1}, "Extra inputs are not permitted"),
    ],
)
def test_what_is_out_of_range_is_refused_with_what_is_allowed(table: dict[str, Any], allowed: str) -> None:
    """When the file is read."""
    with pytest.raises(ValidationError, match=allowed):
        VOICE.validate_python(table)


def test_only_what_is_given_is_sent() -> None:
    """What is left out stays as the voice's owner has set it."""
    assert VoiceOptions(id="abc", model="eleven_flash_v2_5", speed=1.1, use_speaker_boost=False).given() == {
        "speed": 1.1,
        "use_speaker_boost": False,
    }


def test_a_model_that_does_not_take_a_setting_is_named() -> None:
    """The dialogue models take the stability alone; the voice's model goes before that of the settings."""
    voice = VoiceOptions(stability=0.5, style=0.3, speed=1.1)

    assert voice.problems("eleven_flash_v2_5") == []
    assert [problem.split(":")[0] for problem in voice.problems("eleven_v3")] == ["voice.speed", "voice.style"]
    assert voice.model_copy(update={"model": "eleven_multilingual_v2"}).problems("eleven_v3") == []
