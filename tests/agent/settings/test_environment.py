"""The environment after `.env` was read, as the framework, the plugins and the jobs see it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from pydantic import BeforeValidator

from agent.settings import Settings, load_settings, read_env_file
from agent.settings.environment import cleaned, mended

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(autouse=True)
def environment() -> Iterator[None]:
    """Restore the environment after the test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_the_environment_takes_precedence_over_the_file(tmp_path: Path) -> None:
    """`.env` sets only what is not set."""
    (tmp_path / ".env").write_text("LIVEKIT_URL=ws://from-the-file\nDEEPGRAM_MODEL=nova-2\n")
    os.environ["LIVEKIT_URL"] = "ws://from-the-environment"
    before = read_env_file()
    settings = load_settings()

    assert (settings.livekit_url, settings.deepgram_model) == ("ws://from-the-environment", "nova-2")
    assert before["LIVEKIT_URL"] == "ws://from-the-environment"
    assert "DEEPGRAM_MODEL" not in before


@pytest.mark.parametrize("through", ["file", "environment"])
def test_variables_that_others_read_are_cleaned_too(tmp_path: Path, through: str) -> None:
    """The framework and the plugins read some variables themselves, and Docker's --env-file keeps quotes."""
    written = {
        "LIVEKIT_URL": "https://demo.livekit.cloud/",
        "LIVEKIT_API_SECRET": '"s0123"',
        "LIVEKIT_AGENT_NAME": "'' # any",
        "LIVEKIT_LOG_LEVEL": '"INFO" ',
        "OPENAI_API_KEY": "Bearer sk-0123",
    }
    if through == "file":
        (tmp_path / ".env").write_text("\ufeff" + "".join(f"{name}={value}\r\n" for name, value in written.items()))
    else:
        os.environ.update(written)
    read_env_file()

    assert {name: os.environ[name] for name in written} == {
        "LIVEKIT_URL": "wss://demo.livekit.cloud",
        "LIVEKIT_API_SECRET": "s0123",
        "LIVEKIT_AGENT_NAME": "",
        "LIVEKIT_LOG_LEVEL": "INFO",
        "OPENAI_API_KEY": "sk-0123",
    }


def test_an_invalid_value_stays_for_its_error() -> None:
    """It is refused, and shown, when the settings are loaded."""
    assert cleaned({"LIVEKIT_URL": "ftp://x", "OPENAI_API_KEY": "your-key-here", "UNKNOWN": '"x"'}) == {}


def test_values_that_were_corrected_are_reported(tmp_path: Path) -> None:
    """Other programs read the same variables; secrets are hidden, and a removed space or slash is not reported."""
    (tmp_path / ".env").write_text('DEEPGRAM_API_KEY=Token 0123\nDEEPGRAM_MODEL="nova-3"\nSTATE_DIR=~/x\n')
    before = {
        "LIVEKIT_URL": "https://demo.livekit.cloud",
        "LIVEAVATAR_API_URL": " https://api.liveavatar.com/",
        "LIVEAVATAR_VIDEO_QUALITY": "HIGH",
        "TURN_DETECTION": '"vad"',
    }

    assert mended(before) == {
        "DEEPGRAM_API_KEY": "",
        "LIVEKIT_URL": "wss://demo.livekit.cloud",
        "TURN_DETECTION": "vad",
    }


def test_every_setting_is_cleaned_in_the_environment_too() -> None:
    """The same function cleans a value for the settings and for other readers of the environment."""
    uncleaned = [
        name
        for name, field in Settings.model_fields.items()
        if not any(isinstance(each, BeforeValidator) for each in field.metadata)
    ]

    assert uncleaned == []
