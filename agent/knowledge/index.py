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

# Version of the tables; it is part of the file's name.
_VERSION = 2

# Most characters of a title that are embedded: a title may be longer than endpoints accept.
_LONGEST_TITLE = 300

# `words` has the terms of a text, and finds it in every script. `grams` has every three letters in a row, and finds
# other spellings and inflections, and parts of compounds. A heading is a column of its own, and counts more.
# `vectors` has unit vectors of little-endian 32-bit numbers, if there is an endpoint that makes them.
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
        location: The location of its source.
        title: A title that callers may see.
        stamp: Modification time and size of the file; empty for a link.
        read_at: Unix time in seconds.
        passages: Its text.
    """

    location: str
    title: str
    stamp: str
    read_at: float
    passages: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class VectorSpace:
    """The properties that vectors must share to be compared.

    Attributes:
        identity: Identity of the endpoint and the model that made them.
        dimension: Numbers in each vector.
    """

    identity: str
    dimension: int


def index_path(state_dir: Path, knowledge: Knowledge, folder: Path | None) -> Path:
    """Return the path of the index of a persona's knowledge."""
    return state_dir / "knowledge" / f"{key_of(knowledge, folder)}-{_VERSION}.sqlite"


def write_index(
    path: Path,
    documents: Iterable[Document],
    space: VectorSpace | None = None,
    vectors: Mapping[str, bytes] | None = None,
) -> None:
    """Write an index over an older one, which jobs may keep reading.

    Args:
        path: The index file.
        documents: Its content.
        space: The space of the vectors.
        vectors: Vectors of passages, by embedded text; a passage may have none.

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
    """Read the documents of an index by their locations; return none if it can't be read."""
    read: dict[str, Document] = {}
    with suppress(sqlite3.Error), closing(open_index(path)) as database:
        documents = database.execute("select id, location, title, stamp, read_at from documents").fetchall()
        for number, location, title, stamp, read_at in documents:
            passages = database.execute("select heading, text from passages where document = ? order by id", (number,))
            read[location] = Document(location, title, stamp, read_at, tuple(Section(*each) for each in passages))
    return read


def read_vectors(path: Path) -> tuple[VectorSpace | None, dict[str, bytes]]:
    """Read the vectors of an index, by embedded text, and their space; there may be none."""
    read: dict[str, bytes] = {}
    with suppress(sqlite3.Error), closing(open_index(path)) as database:
        rows = database.execute(
            "select title, heading, text, vector from vectors join passages on passages.id = passage"
            " join documents on documents.id = document"
        )
        read.update((_embedded_text(*spelled), vector) for *spelled, vector in rows)
    return read_space(path), read


def read_space(path: Path) -> VectorSpace | None:
    """Return the space of an index's vectors; None if it has none, or can't be read."""
    with suppress(sqlite3.Error), closing(open_index(path)) as database:
        row = database.execute("select identity, dimension from space").fetchone()
        return VectorSpace(*row) if row else None
    return None


def embedded_text(document: Document, passage: Section) -> str:
    """Return the text that a passage's vector is made from."""
    return _embedded_text(document.title, passage.where, passage.text)


def open_index(path: Path) -> sqlite3.Connection:
    """Open an index for reading.

    Raises:
        sqlite3.Error: There is no index.
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
