"""The commands as a person runs them: an error is a line and an exit status, without a traceback."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agent.cli import settings_of_a_call
from agent.settings import SettingsError

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `python agent.py` in the test's empty directory, with no settings but these."""
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, str(ROOT / "agent.py"), *arguments],
        env={**clean, **environment},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


@pytest.mark.parametrize("command", ["dev", "start", "console"])
def test_missing_settings_are_named_and_the_status_is_one(command: str) -> None:
    """Without keys, every way to run names what is missing."""
    result = run(command)

    assert result.returncode == 1
    assert "LIVEAVATAR_API_KEY is missing" in result.stderr
    assert "Traceback" not in result.stderr + result.stdout


def test_a_read_only_state_directory_ends_the_start(complete: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A worker that can't write its journal takes no calls, and says what to do."""
    (tmp_path / "file").touch()
    needed = {
        name: value for name, value in os.environ.items() if name.startswith(("LIVE", "DEEP", "OPENAI", "ELEVEN"))
    }
    result = run("start", **needed, STATE_DIR=str(tmp_path / "file"))

    assert result.returncode == 1
    assert "STATE_DIR: " in result.stderr
    assert "name a directory that can be written" in result.stderr
    assert "Traceback" not in result.stderr + result.stdout


def test_doctor_finds_what_is_missing(tmp_path: Path) -> None:
    """Each check is a line, and a failed one makes the status 1."""
    result = run("doctor", STATE_DIR=str(tmp_path))

    assert result.returncode == 1
    assert "no  LiveKit" in result.stdout
    assert "DEEPGRAM_API_KEY is missing" in result.stdout
    assert "Traceback" not in result.stderr + result.stdout


def test_help_names_the_commands() -> None:
    """`--help` lists the commands."""
    result = run("--help")

    assert result.returncode == 0
    assert all(command in result.stdout for command in ("dev", "start", "console", "demo", "doctor", "sessions"))


def test_an_unknown_level_is_a_usage_error() -> None:
    """The error lists the known levels; lower case is accepted."""
    wrong, small = run("start", "--log-level", "verbose"), run("start", "--log-level", "debug")

    assert (wrong.returncode, small.returncode) == (2, 1)
    assert "warning" in wrong.stderr
    assert "LIVEKIT_URL is missing" in small.stderr
    assert "Traceback" not in wrong.stderr + wrong.stdout


def test_a_persona_with_an_unknown_tool_ends_the_start(complete: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each of its calls would fail with an avatar that is paid for."""
    persona = tmp_path / "persona.toml"
    persona.write_text('name = "X"\ninstructions = "Y"\ntools = ["get_weather"]\n')
    complete.setenv("PERSONA", str(persona))
    with pytest.raises(SettingsError, match="there is no tool get_weather; there are get_time"):
        settings_of_a_call()


def test_the_schema_of_a_call_configuration_is_printed() -> None:
    """It describes each field, and needs no settings."""
    result = run("schema")
    schema = json.loads(result.stdout)

    assert result.returncode == 0
    assert {"persona", "voice", "avatar_id", "limits", "metadata"} < schema["properties"].keys()
    assert schema["properties"]["persona"]["description"]


def test_a_missing_folder_of_personas_ends_the_start(complete: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Otherwise the first caller would find the mistake in the path."""
    complete.setenv("PERSONAS_DIR", str(tmp_path / "persons"))
    with pytest.raises(SettingsError, match="PERSONAS_DIR: there is no folder"):
        settings_of_a_call()


def test_the_command_of_livekits_templates_exists() -> None:
    """`download-files` succeeds without any setting."""
    result = run("download-files")

    assert result.returncode == 0
    assert "livekit.plugins.silero" in result.stdout + result.stderr


@pytest.mark.parametrize("path", ["agent.py", None])
def test_livekits_own_commands_find_the_worker(path: str | None) -> None:
    """They import `agent`, which is the package and not the file."""
    program = (
        "from pathlib import Path; from livekit.agents.cli.discover import get_import_data\n"
        f"print(get_import_data(path={path!r} and Path({path!r})).import_string)"
    )
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=150, check=False
    )

    assert (done.stdout.strip(), done.stderr) == ("agent:server", "")


def test_the_settings_are_imported_without_the_worker() -> None:
    """The import does not load the framework's worker."""
    program = "import sys, agent.settings; print('agent.worker' in sys.modules, hasattr(agent, 'nothing'))"
    done = subprocess.run(  # noqa: S603 - our own command line
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=150, check=True
    )

    assert done.stdout.split() == ["False", "False"]


def test_sigterm_is_handled_before_the_imports() -> None:
    """The imports take seconds, and PID 1 ignores signals without a handler."""
    process = subprocess.Popen(  # noqa: S603 - our own command line
        [sys.executable, str(ROOT / "agent.py"), "start"], stderr=subprocess.PIPE, text=True
    )
    while not _handles(process.pid, signal.SIGTERM) and process.poll() is None:
        pass
    process.terminate()
    _, told = process.communicate(timeout=150)

    assert (process.returncode, told) == (128 + signal.SIGTERM, "")


def _handles(pid: int, number: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_a_missing_document_is_refused_at_the_start(complete: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Otherwise it would be missing in a call."""
    persona = tmp_path / "ada.toml"
    persona.write_text('name = "Ada"\ninstructions = "x"\nknowledge = ["none.md"]\n')
    complete.setenv("PERSONA", str(persona))
    with pytest.raises(SettingsError, match=r"knowledge: none\.md: there is no such file"):
        settings_of_a_call()
