"""The search, in every language and with any query."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.knowledge.index import Document, write_index
from agent.knowledge.passages import Section
from agent.knowledge.search import fuse, search
from tests.agent.knowledge.handbooks import QUESTIONS, documents

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write an index of the handbooks of all languages."""
    path = tmp_path_factory.mktemp("index") / "handbooks.sqlite"
    write_index(path, documents())
    return path


@pytest.mark.parametrize(("language", "question", "chapter"), QUESTIONS)
def test_a_question_finds_the_chapter_that_answers_it(index: Path, language: str, question: str, chapter: str) -> None:
    """The words may be inflected, compounded, misspelled or without accents; the index has six languages."""
    best = search(index, question, 4)[0]

    assert (best.title, best.where) == (f"Handbook {language}", chapter)


def test_a_single_letter_of_a_script_without_spaces_is_found(index: Path) -> None:
    """In the text another letter follows it."""
    assert "退货" in [found.where for found in search(index, "退", 4)]


def test_unknown_words_find_nothing(index: Path) -> None:
    """Queries without letters find nothing either."""
    for query in ("xylophon", "", "?!", '"'):
        assert search(index, query, 4) == []


@given(st.text(max_size=400))
def test_no_query_is_an_error(index: Path, query: str) -> None:
    """A language model may send anything, including operators of the search engine."""
    assert len(search(index, query, 3)) <= 3
    assert len(search(index, f'{query}" OR NEAR({query}) AND NOT *', 3)) <= 3


def test_a_passage_has_a_link_where_its_document_does(tmp_path: Path) -> None:
    """The path of a file is not shown."""
    path = tmp_path / "index.sqlite"
    web = Document("https://example.com/faq", "FAQ", "", 0.0, (Section("", "The lighthouse is open."),))
    file = Document("/srv/secret/notes.txt", "notes.txt", "1", 0.0, (Section("", "The lighthouse keeper sleeps."),))
    write_index(path, [web, file])

    assert {found.title: found.link for found in search(path, "lighthouse", 4)} == {
        "FAQ": "https://example.com/faq",
        "notes.txt": None,
    }


def test_a_missing_index_is_an_error(tmp_path: Path) -> None:
    """The search does not create it."""
    with pytest.raises(sqlite3.Error):
        search(tmp_path / "none.sqlite", "lighthouse", 4)

    assert list(tmp_path.iterdir()) == []


def test_rankings_are_merged_by_rank() -> None:
    """A passage that is high in both rankings comes first."""
    assert fuse([[1, 2, 3], [2, 4]]) == [2, 1, 4, 3]
