"""The command `doctor`: when it asks, when it makes no call, and what it reads."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agent.cli import app
from agent.doctor import command
from agent.doctor.call import CallError, DoctorCall
from agent.doctor.finding import Finding
from agent.persona import Persona
from agent.settings import Settings
from avatar import SANDBOX_AVATAR_ID
from tests.agent.doctor.recordings import as_observed


@pytest.fixture
def calls(complete: pytest.MonkeyPatch, tmp_path: Path) -> list[Settings]:
    """Return the settings of the calls that were made; the checks find nothing, and the calls are fake."""
    made: list[Settings] = []

    async def examine(settings: Settings, persona: Persona) -> list[Finding]:
        return [Finding("OpenAI key", good=False, text="not needed")]

    async def make(self: DoctorCall) -> None:
        made.append(self.settings)
        self.say("a step")
        self.recorder.note("avatar joined")

    # The command runs in the tests' process.
    complete.setattr("agent.cli.exit_bare", sys.exit)
    complete.setattr(command, "examine_with", examine)
    complete.setattr(DoctorCall, "make", make)
    complete.setenv("STATE_DIR", str(tmp_path / "state"))
    return made


def test_without_a_terminal_it_does_not_ask(calls: list[Settings]) -> None:
    """It says what the call costs and which option confirms it."""
    result = CliRunner().invoke(app, ["doctor", "--call"])

    assert result.exit_code == 1
    assert "no call: it costs about 1 credit (up to a minute of LITE); say --yes, or --sandbox" in result.output
    assert calls == []


@pytest.mark.parametrize(("answer", "made"), [(True, 1), (False, 0)])
def test_in_a_terminal_it_asks(calls: list[Settings], complete: pytest.MonkeyPatch, made: int, *, answer: bool) -> None:
    """It makes the call only if the person agrees."""
    questions: list[str] = []

    def confirm(question: str) -> bool:
        questions.append(question)
        return answer

    complete.setattr("typer.confirm", confirm)
    complete.setattr(command, "_is_terminal", lambda: True)
    CliRunner().invoke(app, ["doctor", "--call"])

    assert len(calls) == made
    assert questions == ["This call costs about 1 credit (up to a minute of LITE). Make it?"]


def test_yes_confirms_the_call(calls: list[Settings], tmp_path: Path) -> None:
    """The call is made, and its recording named."""
    result = CliRunner().invoke(app, ["doctor", "--call", "--yes"])
    [file] = (tmp_path / "state" / "recordings").iterdir()

    assert result.exit_code == 0
    assert "a step" in result.output
    assert str(file) in result.output
    assert "not seen" in result.output
    assert not calls[0].liveavatar_sandbox


def test_the_sandbox_costs_nothing(calls: list[Settings], complete: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No confirmation is needed, its own avatar is used, and the recording is where the settings say."""
    complete.setenv("LIVEAVATAR_RECORD", str(tmp_path / "mine"))
    result = CliRunner().invoke(app, ["doctor", "--call", "--sandbox"])
    [settings] = calls

    assert result.exit_code == 0
    assert (settings.liveavatar_sandbox, settings.avatar_id("of-the-persona")) == (True, SANDBOX_AVATAR_ID)
    assert len(list((tmp_path / "mine").iterdir())) == 1


def test_a_stand_in_costs_nothing_and_is_labelled(calls: list[Settings], complete: pytest.MonkeyPatch) -> None:
    """Otherwise its verdicts might be taken for LiveAvatar's."""
    complete.delenv("LIVEAVATAR_API_KEY")
    complete.setenv("STAND_INS_URL", "http://127.0.0.1:1")
    result = CliRunner().invoke(app, ["doctor", "--call"])

    assert result.exit_code == 0
    assert "this was a stand-in: it says nothing about LiveAvatar" in result.output


def test_a_finding_that_blocks_a_call_comes_first(calls: list[Settings], complete: pytest.MonkeyPatch) -> None:
    """A call that can't work is not paid for."""

    async def examine(settings: Settings, persona: Persona) -> list[Finding]:
        return [Finding("LiveKit", good=False, text="away"), Finding("OpenAI key", good=False, text="missing")]

    complete.setattr(command, "examine_with", examine)
    result = CliRunner().invoke(app, ["doctor", "--call", "--yes"])

    assert result.exit_code == 1
    assert "no call: first fix LiveKit\n" in result.output
    assert calls == []


def test_a_call_that_fails_is_reported(calls: list[Settings], complete: pytest.MonkeyPatch) -> None:
    """The report has the recording so far, and the reason."""

    async def make(self: DoctorCall) -> None:
        self.recorder.note("avatar joined")
        message = "Session concurrency limit reached"
        raise CallError(message)

    complete.setattr(DoctorCall, "make", make)
    result = CliRunner().invoke(app, ["doctor", "--call", "--yes"])

    assert result.exit_code == 1
    assert "the recording is in" in result.output
    assert "the call did not finish: Session concurrency limit reached" in result.output


def test_a_call_that_is_interrupted_is_reported(calls: list[Settings], complete: pytest.MonkeyPatch) -> None:
    """Ctrl-C shows no traceback."""

    async def make(self: DoctorCall) -> None:
        raise KeyboardInterrupt

    complete.setattr(DoctorCall, "make", make)
    result = CliRunner().invoke(app, ["doctor", "--call", "--yes"])

    assert "the call did not finish: it was interrupted" in result.output


def test_a_recording_is_read(tmp_path: Path) -> None:
    """The output has the recording's steps, and a verdict for each assumption."""
    (tmp_path / "call.jsonl").write_text(as_observed().file.getvalue())
    result = CliRunner().invoke(app, ["doctor", "--read", str(tmp_path / "call.jsonl")])

    assert result.exit_code == 0
    assert "session start" in result.output
    assert "0 contradicted, 1 not seen" in result.output


def test_a_missing_recording_is_reported(tmp_path: Path) -> None:
    """The error is one sentence."""
    result = CliRunner().invoke(app, ["doctor", "--read", str(tmp_path / "none.jsonl")])

    assert result.exit_code == 1
    assert "none.jsonl can't be read: No such file or directory" in result.output
