"""Personas: one readable file each, with clear errors."""

from pathlib import Path

import pytest

from agent.persona import load_persona, personas_beside
from agent.settings import DEFAULT_PERSONA, SettingsError
from agent.tools.functions import tools_named


def test_the_default_persona_is_complete_and_has_a_tool() -> None:
    """It can be used as it is."""
    persona = load_persona(DEFAULT_PERSONA)

    assert persona.name
    assert persona.opening
    assert tools_named(persona.tools)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name = ", "not a TOML file"),
        ('name = "Ada"', "instructions: Field required"),
        ('name = "Ada"\ninstructions = "Be kind."\nvoise = "x"', "voise: Extra inputs are not permitted"),
        (
            f'name = "Ada"\ninstructions = "Be kind."\napology = "{"a" * 201}"',
            "apology: String should have at most 200",
        ),
        (
            f'name = "Ada"\ninstructions = "Be kind."\ngoodbye = "{"a" * 201}"',
            "goodbye: String should have at most 200",
        ),
        ('name = ""\ninstructions = "Be kind."', "name: String should have at least 1 character"),
    ],
)
def test_errors_in_a_persona_file_are_reported(tmp_path: Path, text: str, problem: str) -> None:
    """The error names the file and the field."""
    path = tmp_path / "persona.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        load_persona(path)

    assert problem in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    """There is no traceback."""
    with pytest.raises(SettingsError, match="can't be read"):
        load_persona(tmp_path / "nobody.toml")


def test_an_unknown_tool_is_reported() -> None:
    """The error lists the known tools."""
    with pytest.raises(SettingsError, match="there is no tool fly; there are get_time, end_call"):
        tools_named(["get_time", "fly"])


def test_all_built_in_personas_are_complete() -> None:
    """Each has its own voice and name."""
    personas = [load_persona(file) for file in personas_beside(DEFAULT_PERSONA).values()]

    assert len(personas) > 1
    for field in ("name", "voice", "opening", "instructions"):
        assert len({getattr(persona, field) for persona in personas}) == len(personas)
    assert [tools_named(persona.tools) for persona in personas]


def test_a_persona_of_your_own_can_be_chosen(tmp_path: Path) -> None:
    """A file with the name of a built-in persona replaces it."""
    own, poet = tmp_path / "ada.toml", tmp_path / "poet.toml"

    assert list(personas_beside(own)) == ["nova", "poet", "ada"]
    assert personas_beside(poet)["poet"] == poet


def test_personas_of_a_folder_can_be_chosen(tmp_path: Path) -> None:
    """They take precedence over built-in ones, and the file that PERSONA names over both."""
    for stem in ("ada", "poet"):
        (tmp_path / f"{stem}.toml").touch()
    chosen = Path("elsewhere") / "ada.toml"

    assert personas_beside(chosen, tmp_path) == {
        "nova": DEFAULT_PERSONA,
        "poet": tmp_path / "poet.toml",
        "ada": chosen,
    }
    assert list(personas_beside(DEFAULT_PERSONA, tmp_path / "nowhere")) == ["nova", "poet"]


def test_an_unknown_tool_in_a_persona_file_is_refused(tmp_path: Path) -> None:
    """The error comes when the file is read, not during a call."""
    path = tmp_path / "persona.toml"
    path.write_text('name = "X"\ninstructions = "Y"\ntools = ["get_time", "get_weather"]\n')
    with pytest.raises(SettingsError) as error:
        load_persona(path)

    [problem] = error.value.problems
    assert problem.startswith("PERSONA: tools: there is no tool get_weather; there are get_time, end_call")
