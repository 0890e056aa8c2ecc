"""What the demo's worker is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from agent.settings import Settings
from demo.demo import livekit_environment, worker_environment

if TYPE_CHECKING:
    from pathlib import Path


def test_sessions_of_the_stand_in_are_noted_beside_the_logs(tmp_path: Path) -> None:
    """The demo writes nothing into the home directory, and what it leaves goes with its stand-ins."""
    settings = Settings(stand_ins_url="http://127.0.0.1:7900", liveavatar_api_key=SecretStr(""))

    assert worker_environment(settings, tmp_path)["STATE_DIR"] == str(tmp_path / "state")


def test_sessions_that_cost_money_are_noted_where_every_worker_looks(tmp_path: Path) -> None:
    """After a demo that was killed the next worker stops its session, which a directory of its own would hide."""
    settings = Settings(stand_ins_url="http://127.0.0.1:7900", liveavatar_api_key=SecretStr("a-key"))

    assert "STATE_DIR" not in worker_environment(settings, tmp_path)


def test_a_stand_in_for_liveavatars_rooms_is_told_of_a_server(tmp_path: Path) -> None:
    """What the worker joins with is what the stand-in's rooms are made with."""
    settings = Settings.model_validate(
        {"livekit_url": "ws://here", "livekit_api_key": "key", "livekit_api_secret": "secret", "web_port": 7890}
    )

    assert livekit_environment(settings).items() <= worker_environment(settings, tmp_path).items()


@pytest.mark.parametrize("port", [0, 7890])
def test_the_page_is_where_the_demo_says(tmp_path: Path, port: int) -> None:
    """A synthetic caller needs no page, which port 0 says."""
    environment = worker_environment(Settings(web_port=port), tmp_path)

    assert (environment["WEB_PORT"], environment["WEB_HOST"]) == (str(port), "127.0.0.1")
