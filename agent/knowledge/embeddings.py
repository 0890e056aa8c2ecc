"""Makes vectors of texts with an endpoint that speaks OpenAI's protocol (`POST /embeddings`)."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus

import aiohttp
import numpy as np
from numpy.typing import NDArray

from agent.knowledge.fetch import read_whole
from agent.knowledge.index import VectorSpace
from agent.settings import Settings, Vendor
from avatar.errors import ConfigurationError
from avatar.http import client_session

logger = logging.getLogger("agent")

OPENAI_URL = "https://api.openai.com/v1"

# Seconds for which a caller waits for the vector of a question; full text alone finds passages within milliseconds.
_QUERY_TIMEOUT = 1.5

# Seconds without requests after a failure: otherwise each search of a call would wait for the endpoint.
_PAUSE = 60.0

# Most bytes of an answer: 32 vectors of 4,096 numbers are three million bytes as text.
_LONGEST_ANSWER = 32 * 1024 * 1024

Vectors = NDArray[np.float32]


class EmbeddingsError(Exception):
    """The endpoint gives no vectors; the message says why, without its address and without its key."""


class Embeddings:
    """An endpoint that makes vectors.

    A failure is logged once until the endpoint answers again.

    Args:
        vendor: The endpoint.
        model: Name of the model.
        clock: Returns seconds.
    """

    def __init__(self, vendor: Vendor, model: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.model = model
        self._url = f"{vendor.url or OPENAI_URL}/embeddings"
        self._headers = {"Authorization": f"Bearer {vendor.key.get_secret_value()}"}
        self._clock = clock
        self._asked_again_at = 0.0
        self._failure = ""

    @property
    def failure(self) -> str:
        """Why the endpoint failed; empty if it has answered since."""
        return self._failure

    @property
    def identity(self) -> str:
        """A name for the endpoint and its model that reveals no address; vectors of two identities don't compare."""
        return hashlib.sha256(f"{self._url} {self.model}".encode()).hexdigest()[:16]

    async def embed(self, texts: Sequence[str], *, within: float, dimension: int | None = None) -> Vectors:
        """Make a vector of unit length of each text.

        Args:
            texts: At least one.
            within: Seconds.
            dimension: Numbers of each vector; None for any.

        Returns:
            One row for each text.

        Raises:
            EmbeddingsError: The endpoint failed now, or a moment ago.
        """
        if self._clock() < self._asked_again_at:
            message = "it failed a moment ago"
            raise EmbeddingsError(message)
        try:
            made = await self._ask(texts, within)
            _check_dimension(made, dimension)
        except EmbeddingsError as error:
            self._fail(str(error))
            raise
        self._succeed()
        return made

    async def of_query(self, query: str, space: VectorSpace | None) -> Vectors | None:
        """Make a question's vector, to compare it with the passages of an index.

        Args:
            query: The question.
            space: The space of the passages' vectors; None if they have none.

        Returns:
            The vector, or None if only full text can be searched.
        """
        if space is None or space.identity != self.identity:
            return None
        try:
            made = await self.embed([query], within=_QUERY_TIMEOUT, dimension=space.dimension)
        except EmbeddingsError:  # it was logged
            return None
        vector: Vectors = made[0]
        return vector

    async def _ask(self, texts: Sequence[str], within: float) -> Vectors:
        try:
            async with (
                client_session(timeout=aiohttp.ClientTimeout(total=within)) as http,
                # A redirect would take the key to another address.
                http.post(
                    self._url,
                    headers=self._headers,
                    json={"model": self.model, "input": list(texts)},
                    allow_redirects=False,
                ) as reply,
            ):
                body = await read_whole(reply, _LONGEST_ANSWER)
        except TimeoutError:
            message = f"no answer within {within:g} s"
            raise EmbeddingsError(message) from None
        except (aiohttp.ClientError, ConfigurationError, OSError, ValueError) as error:
            message = f"it can't be reached: {type(error).__name__}"
            raise EmbeddingsError(message) from None
        if reply.status != HTTPStatus.OK:
            message = f"it answers {reply.status}"
            raise EmbeddingsError(message)
        return parse_vectors(body or b"", len(texts))

    def _fail(self, reason: str) -> None:
        self._asked_again_at = self._clock() + _PAUSE
        if not self._failure:
            extra = {"model": self.model, "reason": reason}
            logger.warning("no embeddings: knowledge is searched by full text only, `doctor` says more", extra=extra)
        self._failure = reason

    def _succeed(self) -> None:
        if self._failure:
            logger.info("the embeddings work again", extra={"model": self.model})
        self._failure = ""


def embeddings_of(settings: Settings) -> Embeddings | None:
    """Return the endpoint of the settings; None if EMBEDDINGS_MODEL is empty."""
    vendor = settings.embeddings
    return None if vendor is None else Embeddings(vendor, settings.embeddings_model)


def _check_dimension(made: Vectors, wanted: int | None) -> None:
    if wanted is not None and made.shape[1] != wanted:
        message = f"its vectors have {made.shape[1]} numbers, and those of the index {wanted}"
        raise EmbeddingsError(message)


def parse_vectors(body: bytes, count: int) -> Vectors:
    """Read an answer of `POST /embeddings`, and give its vectors unit length.

    Raises:
        EmbeddingsError: The answer doesn't have one vector for each text, all of one dimension.
    """
    try:
        data = sorted(json.loads(body)["data"], key=lambda each: int(each.get("index", 0)))
        made = np.asarray([each["embedding"] for each in data], dtype=np.float32)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        message = "its answer is not a list of vectors"
        raise EmbeddingsError(message) from None
    is_matrix = made.ndim == 2 and len(made) == count and made.size > 0  # noqa: PLR2004 - rows and columns
    if not (is_matrix and np.isfinite(made).all()):
        message = f"its answer doesn't have {count} vectors of one dimension"
        raise EmbeddingsError(message)
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    unit: Vectors = (made / lengths).astype(np.float32)
    return unit
