"""Environments without settings and with complete ones."""

from pathlib import Path

import pytest

from agent.settings import Settings


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Unset all variables of this product, and use a working directory without a `.env`."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def complete(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Set everything that a call needs."""
    values = {
        "LIVEKIT_URL": "wss://example.livekit.cloud",
        "LIVEKIT_API_KEY": "key",
        "LIVEKIT_API_SECRET": "livekit-secret-of-more-than-32-characters",
        "DEEPGRAM_API_KEY": "deepgram-secret",
        "OPENAI_API_KEY": "openai-secret",
        "ELEVEN_API_KEY": "eleven-secret",
        "LIVEAVATAR_API_KEY": "liveavatar-secret",
        "LIVEAVATAR_AVATAR_ID": "an-avatar",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    return monkeypatch
