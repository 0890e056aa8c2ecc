"""The file of scenarios next to the persona's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.evaluation.scenario import load_scenarios, scenarios_beside
from agent.persona import personas_beside
from agent.settings import DEFAULT_PERSONA, SettingsError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_default_persona_has_scenarios() -> None:
    """The file is not listed as a persona."""
    scenarios = load_scenarios(scenarios_beside(DEFAULT_PERSONA))

    assert len({scenario.name for scenario in scenarios}) == len(scenarios) > 1
    assert list(personas_beside(DEFAULT_PERSONA)) == ["nova", "poet"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("scenarios = ", "is not a TOML file"),
        ("scenarios = []", "scenarios: Tuple should have at least 1 item"),
        ('[[scenarios]]\nname = "a"\nturns = []', "scenarios.0.turns: Tuple should have at least 1 item"),
        ('[[scenarios]]\nname = "a"\nturns = [{ say = "x" }]', "scenarios.0.turns.0.says: Field required"),
        ('[[scenarios]]\nname = "a"\nturns = [{ says = "x", hears = "y" }]', "hears: Extra inputs are not permitted"),
        (
            '[[scenarios]]\nname = "a"\nturns = [{ says = "x", not_heard = ["("] }]',
            "not_heard.0: Value error, '(' is not a regular expression",
        ),
    ],
)
def test_errors_in_a_file_are_reported(tmp_path: Path, text: str, problem: str) -> None:
    """The error names the file, the scenario and the field."""
    path = tmp_path / "ada.eval.toml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        load_scenarios(path)

    assert problem in str(error.value)
    assert str(path) in str(error.value)


def test_a_persona_without_scenarios_is_reported(tmp_path: Path) -> None:
    """The error names the file that would hold them, and the page that explains it."""
    with pytest.raises(SettingsError, match=r"ada\.eval\.toml can't be read: .*docs/eval\.md"):
        load_scenarios(scenarios_beside(tmp_path / "ada.toml"))
