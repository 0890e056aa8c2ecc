"""The table of the HTTP API is that of the code, and the pages name nothing that there is not."""

from __future__ import annotations

import re

import pytest

from agent.web.openapi import OPERATIONS
from docs.http_api import PAGE, page_with_tables

MIGRATION = PAGE.parent / "migration.md"

# A request as the pages write it: with `{id}` for the call, and the names of the code.
_REQUEST = re.compile(r"`(GET|POST|DELETE) (/api/[\w/{}.]+)")


def test_the_table_is_as_the_code_has_it() -> None:
    """`python -m docs.http_api` writes it."""
    page = PAGE.read_text("utf-8")
    assert page == page_with_tables(page)


@pytest.mark.parametrize("name", [PAGE.name, MIGRATION.name])
def test_every_request_that_a_page_names_is_served(name: str) -> None:
    """A backend that is written by the page finds what it says."""
    served = {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in OPERATIONS}
    named = _REQUEST.findall((PAGE.parent / name).read_text("utf-8"))

    assert named
    assert {(method, re.sub(r"\{\w+\}", "{}", path)) for method, path in named} <= served


def test_the_pages_link_to_sections_that_there_are() -> None:
    """Within the page of the HTTP API, from itself and from that of the migration."""
    headings = re.findall(r"^#+ (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    linked = re.findall(r"\((?:http-api\.md)?#([\w-]+)\)", PAGE.read_text("utf-8") + MIGRATION.read_text("utf-8"))

    assert linked
    assert set(linked) <= anchors
