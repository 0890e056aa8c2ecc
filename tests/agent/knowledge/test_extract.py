"""The texts of documents."""

from __future__ import annotations

import json

import pytest

from agent.knowledge import extract as extraction
from agent.knowledge.extract import extract
from agent.knowledge.passages import Section
from tests.agent.knowledge.pdf import pdf

PAGE = """<html><head><title>Opening  hours</title></head><body>
<nav><a href="/">Home</a><a href="/cart">Cart</a></nav>
<main><h1>Opening hours</h1><p>The shop is open from nine to six on every weekday, and closed on Sundays.</p>
<h2>Returns</h2><p>Everything can be returned within thirty days, if it is not broken and still in its box.</p></main>
<script>alert("x")</script></body></html>"""


def test_a_pdf_has_its_pages() -> None:
    """Each page is a section with its number."""
    title, sections = extract("pdf", pdf("Thirty days.", "Two years."))

    assert title == ""
    assert [(each.where, each.text.strip()) for each in sections] == [
        ("page 1", "Thirty days."),
        ("page 2", "Two years."),
    ]


def test_a_web_page_has_its_title_and_its_chapters() -> None:
    """Navigation and scripts are left out."""
    title, sections = extract("html", PAGE.encode())
    text = " ".join(f"{each.where} {each.text}" for each in sections)

    assert title == "Opening hours"
    assert "from nine to six" in text
    assert "Returns" in [each.where for each in sections]
    assert "Cart" not in text
    assert "alert" not in text


def test_a_web_page_without_an_article_is_read_as_it_is() -> None:
    """A single line is enough."""
    _, sections = extract("html", b"<!doctype html><p>From nine.</p>")

    assert [each.text.strip() for each in sections] == ["From nine."]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_text_is_decoded_in_any_encoding(encoding: str) -> None:
    """The encoding is not declared."""
    assert extract("text", "Öffnung – neun".encode(encoding))[1] == [Section("", "Öffnung – neun")]


def test_the_length_of_a_text_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest is left out."""
    monkeypatch.setattr(extraction, "_LONGEST_TEXT", 10)

    assert extract("markdown", b"# a\n1234567\n# b\n123456\n# c\n1\n")[1] == [
        Section("a", "1234567"),
        Section("b", "123"),
    ]


def test_each_request_has_one_answer() -> None:
    """This also holds for a document that is broken, empty or missing."""
    answers = [
        json.loads(json.dumps(extraction._answer(json.dumps({"kind": kind, "path": path}))))
        for kind, path in (("pdf", "/dev/null"), ("text", "/dev/null"), ("markdown", "/none"))
    ]

    assert ["error" in each for each in answers] == [True, True, True]
    assert "no text" in answers[1]["error"]
