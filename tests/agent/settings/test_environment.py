"""The environment after `.env` was read: as the framework, the plugins and the jobs see it."""

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
    """Keep what is read from the environment inside the test."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    """`.env` fills what is not set."""
    (tmp_path / ".env").write_text("LIVEKIT_URL=ws://from-the-file\nDEEPGRAM_MODEL=nova-2\n")
    os.environ["LIVEKIT_URL"] = "ws://from-the-environment"
    before = read_env_file()
    settings = load_settings()

    assert (settings.livekit_url, settings.deepgram_model) == ("ws://from-the-environment", "nova-2")
    assert before["LIVEKIT_URL"] == "ws://from-the-environment"
    assert "DEEPGRAM_MODEL" not in before


@pytest.mark.parametrize("through", ["file", "environment"])
def test_what_others_read_is_clean_too(tmp_path: Path, through: str) -> None:
    """The framework and the plugins read some variables by themselves; Docker's --env-file hands on quotes."""
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


def test_a_value_that_can_not_be_used_stays_for_its_error() -> None:
    """A value that can't be cleaned is refused, and shown, when the settings are loaded."""
    assert cleaned({"LIVEKIT_URL": "ftp://x", "OPENAI_API_KEY": "your-key-here", "UNKNOWN": '"x"'}) == {}


def test_what_is_used_otherwise_than_written_is_told(tmp_path: Path) -> None:
    """Other programs read the same variables; no secret is shown, and a blank or a slash is not worth a word."""
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
    """The same function cleans a value for the settings and for those who read the environment."""
    uncleaned = [
        name
        for name, field in Settings.model_fields.items()
        if not any(isinstance(each, BeforeValidator) for each in field.metadata)
    ]

    assert uncleaned == []
