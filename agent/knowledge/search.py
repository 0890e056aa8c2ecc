"""Searches an index of knowledge."""

import asyncio
import heapq
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agent.knowledge.embeddings import Embeddings
from agent.knowledge.index import open_index, read_space
from agent.knowledge.sources import is_link
from agent.knowledge.terms import grams, terms

# Most terms of a query, and most passages of a ranking.
_MOST_TERMS = 120
_MOST_RANKED = 20

# The constant of reciprocal rank fusion, as its authors set it: Cormack, Clarke and Buettcher, SIGIR 2009.
_FUSION = 60

# Vectors that are compared at a time: some megabytes at the usual dimensions.
_AT_A_TIME = 500

# Fewest letters of a word that also finds longer words that begin with it: "refund" finds "refunds".
_SHORTEST_PREFIX = 4

# A heading counts twice.
_RANKING = "select rowid from {table} where {table} match ? order by bm25({table}, 2.0, 1.0) limit ?"


@dataclass(frozen=True, slots=True)
class Found:
    """A passage that was found.

    Attributes:
        title: The document's title.
        where: Its heading or page; may be empty.
        text: Its text.
        link: The document's URL; None for a file.
    """

    title: str
    where: str
    text: str
    link: str | None


async def find_passages(index: Path, query: str, most: int, embeddings: Embeddings | None) -> list[Found]:
    """Find passages by words, and by meaning if the embeddings answer in time.

    Args:
        index: The index file.
        query: In any language.
        most: Largest number of passages.
        embeddings: Makes the vector of the query; None to search full text only.

    Raises:
        sqlite3.Error: There is no index that can be read.
    """
    vector = None
    if embeddings is not None:
        vector = await embeddings.of_query(query, await asyncio.to_thread(read_space, index))
    return await asyncio.to_thread(search, index, query, most, vector)


def search(path: Path, query: str, most: int, vector: NDArray[np.float32] | None = None) -> list[Found]:
    """Find the passages that fit a query best, the best first.

    Args:
        path: The index file.
        query: In any language.
        most: Largest number of passages.
        vector: The query's vector, in the space of the index; None to search full text only.

    Raises:
        sqlite3.Error: There is no index that can be read.
    """
    with closing(open_index(path)) as database:
        rankings = [_ranked(database, "words", _words(query)), _ranked(database, "grams", _grams(query))]
        if vector is not None:
            # Together, the two rankings by words count as much as the one by meaning.
            rankings = [fuse(rankings), nearest(database, vector)]
        return [_found(database, row) for row in fuse(rankings)[:most]]


def nearest(database: sqlite3.Connection, vector: NDArray[np.float32]) -> list[int]:
    """Rank the passages whose vectors are nearest by cosine, which for unit vectors is the dot product."""
    best: list[tuple[float, int]] = []
    rows = database.execute("select passage, vector from vectors")
    while batch := rows.fetchmany(_AT_A_TIME):
        vectors = np.frombuffer(b"".join(each for _, each in batch), dtype="<f4").reshape(len(batch), -1)
        if vectors.shape[1] != len(vector):
            return []
        scores = zip((vectors @ vector).tolist(), (passage for passage, _ in batch), strict=True)
        best = heapq.nlargest(_MOST_RANKED, [*best, *scores])
    return [passage for _, passage in best]


def fuse(rankings: Iterable[Sequence[int]]) -> list[int]:
    """Merge rankings into one by reciprocal rank fusion, which needs no common scale."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, row in enumerate(ranking, 1):
            scores[row] = scores.get(row, 0.0) + 1 / (_FUSION + rank)
    return sorted(scores, key=lambda row: -scores[row])


def _words(query: str) -> list[str]:
    """Return the terms to search for; a lone letter of a script without blanks also finds pairs that begin with it."""
    found = terms(query)
    longer = [
        f'"{term}"*' for term in found if len(term) >= _SHORTEST_PREFIX or (len(term) == 1 and not term.isascii())
    ]
    return [*(f'"{term}"' for term in found), *longer]


def _grams(query: str) -> list[str]:
    return [f'"{gram}"' for gram in grams(query)]


def _ranked(database: sqlite3.Connection, table: str, wanted: Sequence[str]) -> list[int]:
    if not wanted:
        return []
    match = " OR ".join(list(dict.fromkeys(wanted))[:_MOST_TERMS])
    return [row for (row,) in database.execute(_RANKING.format(table=table), (match, _MOST_RANKED))]


def _found(database: sqlite3.Connection, row: int) -> Found:
    title, where, text, location = database.execute(
        "select title, heading, text, location from passages join documents on documents.id = document"
        " where passages.id = ?",
        (row,),
    ).fetchone()
    return Found(title, where, text, location if is_link(location) else None)
