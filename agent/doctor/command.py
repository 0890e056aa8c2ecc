"""The command `doctor`: its options, its question, and the order of its steps."""

import asyncio
import logging
import signal
import sys
from contextlib import suppress
from pathlib import Path

import typer

from agent.doctor.call import CallError, DoctorCall
from agent.doctor.checks import examine, examine_with
from agent.doctor.finding import Finding
from agent.doctor.recorded import read_recording
from agent.doctor.report import report_call, report_findings
from agent.persona import load_persona
from agent.settings import Settings, load_settings
from avatar.recording import Recorder

# Checks that a test call does not need: it uses neither speech-to-text nor a language model.
_NOT_NEEDED = {
    "Deepgram key",
    "language",
    "OpenAI key",
    "model settings",
    "documents and programs",
    "embeddings",
    "health port",
    "page",
}

_COST = "about 1 credit (up to a minute of LITE)"


def check() -> bool:
    """Check everything that a call needs; return True if all of it is good."""
    _quiet()
    return report_findings(asyncio.run(examine()))


def read(file: Path) -> bool:
    """Check the assumptions against a recording, and print the result; return False if the file can't be read."""
    try:
        call = read_recording(file)
    except OSError as error:
        typer.echo(f"{file} can't be read: {error.strerror}", err=True)
        return False
    report_call(call)
    return True


def call(*, yes: bool, sandbox: bool) -> bool:
    """Check, ask, make a test call, and report it.

    Args:
        yes: Do not ask.
        sandbox: Use a sandbox session, which costs nothing.

    Returns:
        True if the call finished.
    """
    _quiet()
    settings = load_settings()
    if sandbox:
        settings = settings.model_copy(update={"liveavatar_sandbox": True, "liveavatar_avatar_id": ""})
    persona = load_persona(settings.persona)
    findings = asyncio.run(examine_with(settings, persona))
    report_findings(findings)
    if problem := _obstacle(findings):
        typer.echo(f"no call: first fix {problem}", err=True)
        return False
    if not (yes or _agree(settings)):
        return False
    with Recorder.in_directory(settings.liveavatar_record or settings.state_dir / "recordings") as recorder:
        path = recorder.path
        error = _run(DoctorCall(settings, persona, recorder, typer.echo))
    if path is not None:
        report_call(read_recording(path))
        typer.echo(f"the recording is in {path}: attach it to a report (.github/ISSUE_TEMPLATE)")
    if settings.liveavatar.is_stand_in:
        typer.echo("this was a stand-in: it says nothing about LiveAvatar")
    if error:
        typer.echo(f"the call did not finish: {error}", err=True)
    return not error


def _quiet() -> None:
    """Suppress warnings in the log: the findings and the report contain them."""
    logging.basicConfig(level=logging.ERROR, format="%(message)s")


def _obstacle(findings: list[Finding]) -> str:
    return ", ".join(each.what for each in findings if not each.good and each.what not in _NOT_NEEDED)


def _agree(settings: Settings) -> bool:
    """Say what the call costs, and ask; return True without asking if it costs nothing."""
    if settings.liveavatar_sandbox or settings.liveavatar.is_stand_in:
        return True
    if not _is_terminal():
        typer.echo(f"no call: it costs {_COST}; say --yes, or --sandbox, which costs nothing", err=True)
        return False
    return typer.confirm(f"This call costs {_COST}. Make it?")


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def _run(test_call: DoctorCall) -> str:
    """Make the call, and return why it did not finish, or an empty text; a signal ends it in order."""
    try:
        asyncio.run(_until_signal(test_call))
    except CallError as error:
        return str(error)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return "it was interrupted"
    return ""


async def _until_signal(test_call: DoctorCall) -> None:
    """Make the call; a signal cancels it, so that the session is stopped."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    # Handle SIGINT too: background jobs of a shell script start with it ignored, and Python leaves that unchanged.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        with suppress(NotImplementedError, AttributeError):  # Windows
            loop.add_signal_handler(getattr(signal, name), task.cancel)  # type: ignore[union-attr] # this runs in a task
    await test_call.make()
