"""Adds vectors to an index of knowledge, so that a search finds meanings as well as words."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from agent.knowledge.embeddings import Embeddings, EmbeddingsError
from agent.knowledge.index import Document, VectorSpace, embedded_text, read_index, read_vectors, write_index

# Texts of one request, and seconds for its answer: a small machine takes about a second for each text.
_AT_A_TIME = 32
_TIMEOUT = 60.0

# Seconds for the first answer, which a worker's start waits for.
_FIRST_TIMEOUT = 10.0

# Embedded first: the length of its vector tells whether the existing vectors can be kept.
_SAMPLE = "The length of this text's vector is compared."


async def embed_index(index: Path, embeddings: Embeddings, on_progress: Callable[[int, int], None]) -> None:
    """Give each passage of an index a vector, and keep existing ones.

    Vectors made before the endpoint fails are kept; the next run makes the rest.

    Args:
        index: The index file, with its documents.
        embeddings: Makes the vectors.
        on_progress: Called with the number of passages that have a vector, and the number of all.

    Raises:
        OSError: The index can't be written.
        sqlite3.Error: It can't be written as a database.
    """
    documents = tuple((await asyncio.to_thread(read_index, index)).values())
    try:
        sample = await embeddings.embed([_SAMPLE], within=_FIRST_TIMEOUT)
    except EmbeddingsError:  # it was logged
        return
    space = VectorSpace(embeddings.identity, sample.shape[1])
    old_space, vectors = await asyncio.to_thread(read_vectors, index)
    known = vectors if old_space == space else {}
    made = await _missing(documents, known, embeddings, space.dimension, on_progress)
    if made:
        await asyncio.to_thread(write_index, index, documents, space, {**known, **made})


async def _missing(
    documents: Sequence[Document],
    known: Mapping[str, bytes],
    embeddings: Embeddings,
    dimension: int,
    on_progress: Callable[[int, int], None],
) -> dict[str, bytes]:
    """Make the missing vectors, until the endpoint fails."""
    texts = dict.fromkeys(embedded_text(document, each) for document in documents for each in document.passages)
    missing = [text for text in texts if text not in known]
    made: dict[str, bytes] = {}
    for at in range(0, len(missing), _AT_A_TIME):
        batch = missing[at : at + _AT_A_TIME]
        try:
            vectors = await embeddings.embed(batch, within=_TIMEOUT, dimension=dimension)
        except EmbeddingsError:  # it was logged
            break
        made.update((text, vector.astype("<f4").tobytes()) for text, vector in zip(batch, vectors, strict=True))
        on_progress(len(texts) - len(missing) + len(made), len(texts))
    return made
