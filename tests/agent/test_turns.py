"""A persona's turn options: the environment takes precedence over its file, and the file over the defaults."""

from pathlib import Path

import pytest

from agent.conversation.backchannels import default_backchannels
from agent.persona import Persona, load_persona
from agent.settings import Settings, SettingsError, load_settings
from agent.turns import turn_settings

PERSONA = Persona(name="Ada", instructions="Be kind.")


def test_the_default_delays_are_those_of_the_detector() -> None:
    """The turn detection model decides sooner; the backchannels are those of the persona's language."""
    by_silence, by_model = turn_settings(Settings(), PERSONA), turn_settings(Settings(turn_detection="model"), PERSONA)

    assert (by_silence.min_endpointing_delay, by_silence.max_endpointing_delay) == (0.55, 2.0)
    assert (by_model.min_endpointing_delay, by_model.max_endpointing_delay) == (0.3, 2.5)
    assert (by_silence.min_interruption_duration, by_silence.false_interruption_timeout) == (0.2, 0.4)
    assert by_silence.backchannels == by_model.backchannels == default_backchannels("en")


def test_speech_to_text_that_detects_the_end_needs_no_delay() -> None:
    """Flux has waited already; a second turn detector is refused, with what to do."""
    flux = Settings(deepgram_model="flux-general-en")
    assert turn_settings(flux, PERSONA).min_endpointing_delay == 0.0
    assert turn_settings(flux, PERSONA.model_copy(update={"min_endpointing_delay": 0.5})).min_endpointing_delay == 0.5

    with pytest.raises(SettingsError, match="TURN_DETECTION=model: DEEPGRAM_MODEL=flux-general-en finds the end"):
        turn_settings(Settings(deepgram_model="flux-general-en", turn_detection="model"), PERSONA)


def test_the_environment_takes_precedence_over_the_persona_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """This holds for each option; a list in the environment has commas."""
    file = tmp_path / "ada.toml"
    file.write_text(
        'name = "Ada"\ninstructions = "x"\nmin_endpointing_delay = 0.8\nmin_interruption_words = 2\n'
        'backchannels = ["indeed"]\n'
    )
    monkeypatch.setenv("MIN_ENDPOINTING_DELAY", "0.9  # seconds")
    monkeypatch.setenv("BACKCHANNELS", "quite so, mhm")
    turns = turn_settings(load_settings(), load_persona(file))

    assert (turns.min_endpointing_delay, turns.min_interruption_words) == (0.9, 2)
    assert turns.backchannels == ("quite so", "mhm")


@pytest.mark.parametrize("value", ["none", "OFF", "[]"])
def test_backchannels_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """There are several ways to write it."""
    monkeypatch.setenv("BACKCHANNELS", value)

    assert turn_settings(load_settings(), PERSONA).backchannels == ()


def test_contradictory_delays_are_one_error() -> None:
    """The error names both delays and where they were set."""
    persona = PERSONA.model_copy(update={"min_endpointing_delay": 2.0})
    with pytest.raises(SettingsError) as raised:
        turn_settings(Settings(max_endpointing_delay=1.0), persona)

    [problem] = raised.value.problems
    assert problem.startswith("MIN_ENDPOINTING_DELAY is 2 (the persona Ada) and MAX_ENDPOINTING_DELAY is 1 (the ")


def test_the_default_maximum_delay_is_at_least_the_minimum() -> None:
    """A patient persona needs only one setting."""
    turns = turn_settings(Settings(min_endpointing_delay=2.4), PERSONA)

    assert (turns.min_endpointing_delay, turns.max_endpointing_delay) == (2.4, 2.4)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MIN_ENDPOINTING_DELAY", "0.1"),
        ("MAX_ENDPOINTING_DELAY", "forever"),
        ("MIN_INTERRUPTION_DURATION", "0"),
        ("MIN_INTERRUPTION_WORDS", "1.5"),
        ("FALSE_INTERRUPTION_TIMEOUT", "-1"),
    ],
)
def test_an_invalid_value_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """The error names the setting."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()

    assert [problem.partition(":")[0] for problem in raised.value.problems] == [name]
