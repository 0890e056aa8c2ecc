"""Fixtures for the tests of the web server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.agent.web.web_fakes import Site

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """Make a site without a page."""
    return Site(tmp_path)
