"""Personas: one readable file, and a clear word about what is wrong with it."""

from pathlib import Path

import pytest

from agent.persona import load_persona, personas_beside
from agent.settings import DEFAULT_PERSONA, SettingsError
from agent.tools.functions import tools_named


def test_the_default_persona_is_complete_and_has_a_tool() -> None:
    """The one that comes along can be used as it is."""
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
def test_what_is_wrong_with_a_file_is_told(tmp_path: Path, text: str, problem: str) -> None:
    """The file and the field are named."""
    path = tmp_path / "persona.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        load_persona(path)

    assert problem in str(error.value)
    assert str(path) in str(error.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    """A path that leads nowhere is no traceback."""
    with pytest.raises(SettingsError, match="can't be read"):
        load_persona(tmp_path / "nobody.toml")


def test_an_unknown_tool_is_told() -> None:
    """A persona can only name tools that there are."""
    with pytest.raises(SettingsError, match="there is no tool fly; there is get_time, end_call"):
        tools_named(["get_time", "fly"])


def test_there_is_a_choice_of_personas_that_are_complete() -> None:
    """Those that come along can be used, each in a voice and under a name of its own."""
    personas = [load_persona(file) for file in personas_beside(DEFAULT_PERSONA).values()]

    assert len(personas) > 1
    for field in ("name", "voice", "opening", "instructions"):
        assert len({getattr(persona, field) for persona in personas}) == len(personas)
    assert [tools_named(persona.tools) for persona in personas]


def test_a_persona_of_ones_own_is_one_of_the_choice(tmp_path: Path) -> None:
    """The user's persona file replaces one of the same name that comes with the agent."""
    own, poet = tmp_path / "ada.toml", tmp_path / "poet.toml"

    assert list(personas_beside(own)) == ["nova", "poet", "ada"]
    assert personas_beside(poet)["poet"] == poet


def test_personas_of_a_folder_are_in_the_choice(tmp_path: Path) -> None:
    """They go before those that come along, and the file that PERSONA names before them."""
    for stem in ("ada", "poet"):
        (tmp_path / f"{stem}.toml").touch()
    chosen = Path("elsewhere") / "ada.toml"

    assert personas_beside(chosen, tmp_path) == {
        "nova": DEFAULT_PERSONA,
        "poet": tmp_path / "poet.toml",
        "ada": chosen,
    }
    assert list(personas_beside(DEFAULT_PERSONA, tmp_path / "nowhere")) == ["nova", "poet"]


def test_a_tool_that_there_is_not_is_named(tmp_path: Path) -> None:
    """When the file is read, and not in the middle of a call."""
    path = tmp_path / "persona.toml"
    path.write_text('name = "X"\ninstructions = "Y"\ntools = ["get_time", "get_weather"]\n')
    with pytest.raises(SettingsError) as error:
        load_persona(path)

    [problem] = error.value.problems
    assert problem.startswith("PERSONA: tools: there is no tool get_weather; there is get_time, end_call")
