"""The report itself."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from agent.reports.report import PARTS, VERSION, Part, file_name
from tests.agent.reports.report_fakes import made


def test_a_report_names_the_version_of_its_schema_and_never_changes() -> None:
    """Later readers know what is in it."""
    report: Any = made()

    assert report.model_dump()["version"] == VERSION
    with pytest.raises(ValidationError):
        report.room = "another"


def test_its_files_are_named_by_day_room_and_job() -> None:
    """A room's name may have any characters, and may be used again."""
    assert file_name(made()) == "2023-11-14/a_room_with_signs-AJ_1"


def test_every_part_is_documented() -> None:
    """The list has all parts."""
    assert set(PARTS) == set(Part.__subclasses__())
