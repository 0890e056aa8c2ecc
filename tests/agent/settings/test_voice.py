"""The voice of a persona, written as an id or a table."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from agent.settings.voice import Voice, VoiceOptions

VOICE: TypeAdapter[VoiceOptions] = TypeAdapter(Voice)


def test_an_id_alone_is_a_voice() -> None:
    """This is how persona files were written before there was a table."""
    assert VOICE.validate_python("abc") == VOICE.validate_python({"id": "abc"}) == VoiceOptions(id="abc")
    assert VOICE.dump_python(VoiceOptions(id="abc")) == "abc"


@pytest.mark.parametrize("written", ["abc", "", {"id": "abc", "speed": 1.1}, {"model": "eleven_v3"}])
def test_a_voice_is_written_as_it_was_read(written: object) -> None:
    """A voice is part of the configuration that is sent to a job."""
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
def test_a_value_out_of_range_is_refused_with_the_range(table: dict[str, Any], allowed: str) -> None:
    """The error comes when the file is read."""
    with pytest.raises(ValidationError, match=allowed):
        VOICE.validate_python(table)


def test_only_options_that_are_set_are_sent() -> None:
    """The others stay as the voice's owner has set them."""
    assert VoiceOptions(id="abc", model="eleven_flash_v2_5", speed=1.1, use_speaker_boost=False).given() == {
        "speed": 1.1,
        "use_speaker_boost": False,
    }


def test_options_that_a_model_does_not_support_are_named() -> None:
    """Dialogue models only have stability; the voice's model takes precedence over that of the settings."""
    voice = VoiceOptions(stability=0.5, style=0.3, speed=1.1)

    assert voice.problems("eleven_flash_v2_5") == []
    assert [problem.split(":")[0] for problem in voice.problems("eleven_v3")] == ["voice.speed", "voice.style"]
    assert voice.model_copy(update={"model": "eleven_multilingual_v2"}).problems("eleven_v3") == []
