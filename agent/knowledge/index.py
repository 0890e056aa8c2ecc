"""The index of a persona's knowledge: one SQLite file, written whole by the worker and read by jobs."""

import os
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from agent.knowledge.passages import Section
from agent.knowledge.sources import Knowledge, key_of
from agent.knowledge.terms import fold, terms

# Of the tables; another one makes another file.
_VERSION = 2

# Characters of a title that go into what is embedded: a title may be longer than endpoints take.
_LONGEST_TITLE = 300

# `words` has the terms of a text, and finds it in every script. `grams` has any three letters in a row, and finds words
# that are spelled or inflected otherwise, and parts of compounds. A heading is a column of its own, and counts more.
# `vectors` has 32-bit numbers of unit vectors, little-endian, where there is an endpoint that makes them.
_TABLES = """
create table documents (id integer primary key, location text, title text, stamp text, read_at real);
create table passages (id integer primary key, document integer, heading text, text text);
create virtual table words using fts5(heading, text, content='',
    tokenize="unicode61 remove_diacritics 0 categories 'L* M* N* Co'");
create virtual table grams using fts5(heading, text, content='', tokenize='trigram');
create table vectors (passage integer primary key, vector blob);
create table space (identity text, dimension integer);
"""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it was read.

    Attributes:
        location: Of its source.
        title: What the caller may see of it.
        stamp: Of the file that was read; empty for a link.
        read_at: Unix time.
        passages: Its text.
    """

    location: str
    title: str
    stamp: str
    read_at: float
    passages: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """What vectors have to have in common to be compared.

    Attributes:
        identity: Of the endpoint and the model that made them.
        dimension: Numbers of each.
    """

    identity: str
    dimension: int


def index_path(state_dir: Path, knowledge: Knowledge, folder: Path | None) -> Path:
    """Return where the index of a persona's knowledge is."""
    return state_dir / "knowledge" / f"{key_of(knowledge, folder)}-{_VERSION}.sqlite"


def write_index(
    path: Path,
    documents: Iterable[Document],
    space: VectorSpace | None = None,
    vectors: Mapping[str, bytes] | None = None,
) -> None:
    """Write an index in the place of an older one, from which jobs may go on reading.

    Args:
        path: Of the index.
        documents: What is in it.
        space: In which the vectors are.
        vectors: Of passages, by the texts that were embedded; a passage may have none.

    Raises:
        OSError: The file can't be written.
        sqlite3.Error: It can't be written as a database.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = path.with_suffix(f".{os.getpid()}.new")
    new.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(new)) as database, database:
            database.executescript(_TABLES)
            if space is not None:
                database.execute("insert into space values (?, ?)", (space.identity, space.dimension))
            for document in documents:
                _add(database, document, vectors or {})
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)


def read_index(path: Path) -> dict[str, Document]:
    """Read the documents of an index by their locations; none if there is no index that can be read."""
    read: dict[str, Document] = {}
    with suppress(sqlite3.Error), closing(open_index(path)) as database:
        documents = database.execute("select id, location, title, stamp, read_at from documents").fetchall()
        for number, location, title, stamp, read_at in documents:
            passages = database.execute("select heading, text from passages where document = ? order by id", (number,))
            read[location] = Document(location, title, stamp, read_at, tuple(Section(*each) for each in passages))
    return read


def read_vectors(path: Path) -> tuple[VectorSpace | None, dict[str, bytes]]:
    """Read the vectors of an index by the texts that were embedded, and in which space they are; it may have none."""
    read: dict[str, bytes] = {}
    with suppress(sqlite3.Error), closing(open_index(path)) as database:
        rows = database.execute(
            "select title, heading, text, vector from vectors join passages on passages.id = passage"
            " join documents on documents.id = document"
        )
        read.update((_embedded_text(*spelled), vector) for *spelled, vector in rows)
    return read_space(path), read


def read_space(path: Path) -> VectorSpace | None:
    """Return in which space the vectors of an index are; None if it has none, or can't be read."""
    with suppress(sqlite3.Error), closing(open_index(path)) as database:
        row = database.execute("select identity, dimension from space").fetchone()
        return VectorSpace(*row) if row else None
    return None


def embedded_text(document: Document, passage: Section) -> str:
    """Return the text of which a passage's vector is made."""
    return _embedded_text(document.title, passage.where, passage.text)


def open_index(path: Path) -> sqlite3.Connection:
    """Open an index for reading.

    Raises:
        sqlite3.Error: There is none.
    """
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _embedded_text(title: str, where: str, text: str) -> str:
    return "\n".join(filter(None, (title[:_LONGEST_TITLE], where[:_LONGEST_TITLE], text)))


def _add(database: sqlite3.Connection, document: Document, vectors: Mapping[str, bytes]) -> None:
    values = (document.location, document.title, document.stamp, document.read_at)
    number = database.execute(
        "insert into documents (location, title, stamp, read_at) values (?, ?, ?, ?)", values
    ).lastrowid
    for passage in document.passages:
        row = database.execute(
            "insert into passages (document, heading, text) values (?, ?, ?)", (number, passage.where, passage.text)
        ).lastrowid
        heading = f"{document.title} {passage.where}"
        spelled = (row, " ".join(terms(heading)), " ".join(terms(passage.text)))
        database.execute("insert into words (rowid, heading, text) values (?, ?, ?)", spelled)
        folded = (row, fold(heading), fold(passage.text))
        database.execute("insert into grams (rowid, heading, text) values (?, ?, ?)", folded)
        if (vector := vectors.get(embedded_text(document, passage))) is not None:
            database.execute("insert into vectors values (?, ?)", (row, vector))
