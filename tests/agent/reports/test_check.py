"""Checks of the reports' settings when a worker starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from agent.reports.check import open_outbox
from agent.settings import Settings, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def settings(tmp_path: Path, **given: object) -> Settings:
    """Make settings with a state directory in the test's folder."""
    return Settings.model_validate({"state_dir": tmp_path / "state", **given})


def test_a_good_start_makes_the_outbox_and_the_folder(tmp_path: Path) -> None:
    """A call need not find out whether they can be written."""
    outbox = open_outbox(
        settings(
            tmp_path,
            reports=str(tmp_path / "reports"),
            webhook_url="https://example.com/hook",
            webhook_secret=SECRET,
            record="s3://calls",
        )
    )

    assert outbox.items() == []
    assert (tmp_path / "reports").is_dir()


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"webhook_url": "http://example.com", "webhook_secret": SECRET}, "WEBHOOK_URL: it must begin with https"),
        ({"webhook_url": "http://localhost:1", "webhook_secret": SECRET}, "WEBHOOK_LOOPBACK"),
        ({"webhook_url": "https://example.com"}, "WEBHOOK_SECRET is missing"),
        ({"record": "s3://calls", "room_owner": "liveavatar"}, "RECORD needs ROOM_OWNER=ours"),
    ],
)
def test_settings_that_cannot_work_are_refused(tmp_path: Path, given: dict[str, object], problem: str) -> None:
    """The error names the setting and says what to do."""
    with pytest.raises(SettingsError, match=problem):
        open_outbox(settings(tmp_path, **given))


def test_places_that_cannot_be_written_are_all_named(tmp_path: Path) -> None:
    """Unreadable prices are named as well."""
    (tmp_path / "file").touch()
    given = {"state_dir": tmp_path / "file", "reports": str(tmp_path / "file" / "a"), "prices": tmp_path / "none.toml"}
    with pytest.raises(SettingsError) as refused:
        open_outbox(Settings.model_validate(given))

    assert [problem.partition(":")[0] for problem in refused.value.problems] == ["REPORTS", "PRICES", "STATE_DIR"]
