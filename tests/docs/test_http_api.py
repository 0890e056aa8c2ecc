"""The table of the HTTP API matches the code, and the pages name only existing requests and sections."""

from __future__ import annotations

import re

import pytest

from agent.web.openapi import OPERATIONS
from docs.http_api import PAGE, page_with_tables

MIGRATION = PAGE.parent / "migration.md"

# A request as the pages write it: with `{id}` for the call, and the names of the code.
_REQUEST = re.compile(r"`(GET|POST|DELETE) (/api/[\w/{}.]+)")


def test_the_table_matches_the_code() -> None:
    """The table is current; `python -m docs.http_api` writes it again."""
    page = PAGE.read_text("utf-8")
    assert page == page_with_tables(page)


@pytest.mark.parametrize("name", [PAGE.name, MIGRATION.name])
def test_every_request_that_a_page_names_is_served(name: str) -> None:
    """A backend written by the page finds every request."""
    served = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in OPERATIONS}
    named = _REQUEST.findall((PAGE.parent / name).read_text("utf-8"))

    assert named
    assert {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in named} <= served


def test_the_pages_link_to_existing_sections() -> None:
    """The HTTP API's page and the migration's page link only to existing sections of the HTTP API's page."""
    headings = re.findall(r"^#+ (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    linked = re.findall(r"\((?:http-api\.md)?#([\w-]+)\)", PAGE.read_text("utf-8") + MIGRATION.read_text("utf-8"))

    assert linked
    assert set(linked) <= anchors
