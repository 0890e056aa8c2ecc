"""The command `eval`: its table, its exit status and its JUnit file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.evaluation.command import persona_path
from agent.evaluation.report import junit, lines
from agent.evaluation.run import Result
from agent.evaluation.scenario import Scenario, Turn
from agent.settings import DEFAULT_PERSONA, SettingsError, load_settings

if TYPE_CHECKING:
    from pathlib import Path

    from agent.persona import Persona
    from agent.settings import Settings

PERSONA = 'name = "Ada"\ninstructions = "Be kind."\n'
SCENARIOS = "".join(f'[[scenarios]]\nname = "{name}"\nturns = [{{ says = "Hello." }}]\n' for name in ("good", "bad"))


def result(name: str, *problems: str, notes: tuple[str, ...] = ()) -> Result:
    """Make the result of a scenario with this name."""
    return Result(Scenario(name=name, turns=(Turn(says="x"),)), problems, notes, 1.5)


@pytest.fixture
def ada(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write a persona with two scenarios; the agent fails the second."""
    path = tmp_path / "ada.toml"
    path.write_text(PERSONA)
    path.with_name("ada.eval.toml").write_text(SCENARIOS)

    async def run(_: Settings, __: Persona, scenario: Scenario) -> Result:
        return result(scenario.name, *(["turn 1: no"] if scenario.name == "bad" else []))

    monkeypatch.setattr("agent.evaluation.command.run_scenario", run)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    return path


def test_a_failed_scenario_sets_the_exit_status(ada: Path, tmp_path: Path) -> None:
    """The table and the JUnit file name it with its reason."""
    report = tmp_path / "eval.xml"
    done = CliRunner().invoke(app, ["eval", str(ada), "--junit", str(report)])

    assert done.exit_code == 1
    assert [line.split()[0] for line in done.output.splitlines()] == ["passed", "FAILED", "turn", "1"]
    [suite] = ET.parse(report).getroot()  # noqa: S314 - our own file
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("ada", "2", "1")


def test_scenarios_that_pass_have_exit_status_zero(ada: Path) -> None:
    """The exit status is enough for a CI."""
    ada.with_name("ada.eval.toml").write_text(SCENARIOS.replace('"bad"', '"better"'))

    assert CliRunner().invoke(app, ["eval", str(ada)]).exit_code == 0


def test_a_language_model_is_needed(ada: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LiveKit's and the other vendors' keys are not needed."""
    monkeypatch.delenv("OPENAI_API_KEY")
    error = CliRunner().invoke(app, ["eval", str(ada)]).exception

    assert isinstance(error, SettingsError)
    assert "OPENAI_API_KEY is missing" in str(error)


def test_a_persona_is_named_by_its_file_or_its_stem(ada: Path) -> None:
    """Without a name the setting's persona is used; an unknown name's error lists the known ones."""
    settings = load_settings()

    assert persona_path(settings, "") == persona_path(settings, "nova") == DEFAULT_PERSONA
    assert persona_path(settings, str(ada)) == ada
    with pytest.raises(SettingsError, match="no persona ide: name a file, or one of nova, poet"):
        persona_path(settings, "ide")


def test_the_table_has_a_line_for_each_scenario_and_reason() -> None:
    """A reason for not judging a turn is listed as well."""
    table = list(lines([result("short", notes=("not judged",)), result("a longer name", "turn 1: no", "turn 2: no")]))

    assert [line.split("  ")[0] or line.strip() for line in table] == [
        "passed",
        "not judged",
        "FAILED",
        "turn 1: no",
        "turn 2: no",
        "1 passed, 1 failed",
    ]


def test_junit_has_a_case_for_each_scenario() -> None:
    """A failure has all reasons; characters that XML does not allow are left out."""
    [suite] = ET.fromstring(junit("ada", [result("good"), result("bad", "turn 1: \x07no & <no>", "turn 2")]))  # noqa: S314
    good, bad = suite.findall("testcase")

    assert [case.get("name") for case in (good, bad)] == ["good", "bad"]
    assert list(good) == []
    [failure] = bad
    assert (failure.get("message"), failure.text) == ("turn 1: no & <no>", "turn 1: no & <no>\nturn 2")
