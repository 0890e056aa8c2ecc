"""The command's errors when the demo can't run."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest
import typer
from typer.testing import CliRunner

from demo.cli import demo
from demo.processes import free_port

if TYPE_CHECKING:
    from pathlib import Path

APP = typer.Typer()
APP.command()(demo)
VENDOR_KEYS = ("DEEPGRAM_API_KEY", "OPENAI_API_KEY", "OPENAI_BASE_URL", "ELEVEN_API_KEY", "LIVEAVATAR_API_KEY")


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin without keys, servers, and a `.env`."""
    monkeypatch.chdir(tmp_path)
    for name in ("LIVEKIT_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET", "STAND_INS_URL", *VENDOR_KEYS):
        monkeypatch.delenv(name, raising=False)


def test_port_in_use_is_one_line_and_status_1() -> None:
    """The error names the port, its use, and the option that chooses another."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(APP, ["--stand-ins-port", str(port)])

    assert result.exit_code == 1
    assert result.stderr == (
        f"Port {port}, wanted for the stand-ins, is in use: is another demo running? "
        "Stop it, or set --stand-ins-port.\n"
    )


def test_a_page_that_can_not_be_served_is_one_line_and_status_1() -> None:
    """The page's port is checked before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = CliRunner().invoke(APP, ["--stand-ins-port", str(free_port()), "--page-port", str(port)])

    assert result.exit_code == 1
    assert result.stderr.startswith(f"Port {port}, wanted for the page, is in use")
    assert result.stderr.endswith("Stop it, or set --page-port.\n")


def test_livekit_that_does_not_answer_is_one_line_and_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong LIVEKIT_URL is reported before anything is started."""
    url = f"ws://127.0.0.1:{free_port()}"
    monkeypatch.setenv("LIVEKIT_URL", url)

    result = CliRunner().invoke(APP, ["--stand-ins-port", str(free_port()), "--page-port", str(free_port())])

    assert result.exit_code == 1
    assert result.stderr == f"No LiveKit server answers at {url}: is LIVEKIT_URL right, and the server running?\n"
