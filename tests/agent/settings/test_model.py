"""Values that are derived from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from agent.settings import Settings
from agent.settings.environment import read_env_file

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(("secret", "known", "is_open"), [("", "", False), ("hush", "hush", False), ("none", "", True)])
def test_an_empty_secret_differs_from_the_word_none(secret: str, known: str, is_open: bool) -> None:
    """`none` lets everybody call on purpose."""
    settings = Settings.model_validate({"web_secret": secret})

    assert (settings.secret, settings.is_open_on_purpose) == (known, is_open)


def test_the_word_none_survives_the_cleaning_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recognised in `.env` with quotes and a comment, through the process's environment."""
    monkeypatch.setenv("WEB_SECRET", "")
    monkeypatch.delenv("WEB_SECRET")
    (tmp_path / ".env").write_text('WEB_SECRET="None"  # a demo\n')
    read_env_file()

    assert Settings().is_open_on_purpose


@pytest.mark.parametrize(
    ("values", "is_before"),
    [
        ({}, True),
        ({"web_secret": "hush"}, True),
        ({"web_secret": "none"}, False),
        ({"web_secret": "none", "avatar_starts": "TOKEN"}, True),
        ({"avatar_starts": "join"}, False),
    ],
)
def test_an_avatar_waits_only_for_callers_who_are_likely_to_come(values: dict[str, Any], is_before: bool) -> None:
    """With a page that is open to everybody, it starts when the caller has joined."""
    assert Settings.model_validate(values).starts_before_join is is_before
