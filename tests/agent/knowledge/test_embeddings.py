"""The embeddings endpoint: what is sent to it, and how every answer is handled."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from agent.knowledge import embeddings as module
from agent.knowledge.embeddings import Embeddings, EmbeddingsError, embeddings_of, parse_vectors
from agent.knowledge.index import VectorSpace
from agent.settings import Settings, Vendor
from tests.agent.knowledge.embedder import KEY, embedder


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the messages that the product logged."""
    return [record.message for record in caplog.records if record.name == "agent"]


def space_of(embeddings: Embeddings, dimension: int = 4) -> VectorSpace:
    """Return the vector space of an index that the same endpoint made."""
    return VectorSpace(embeddings.identity, dimension)


async def test_each_text_gets_its_vector() -> None:
    """The answer's `index` assigns the vectors; there is one request, and vectors have unit length."""
    async with embedder() as server:
        made = await server.embeddings().embed(["returns", "opening hours"], within=5)

    assert server.asked == [["returns", "opening hours"]]
    assert made.shape == (2, 4)
    assert [int(row.argmax()) for row in made] == [0, 2]
    assert np.allclose(np.linalg.norm(made, axis=1), 1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"status": 503}, "it answers 503"),
        # A redirect is not followed: the key would be sent there as well.
        ({"status": 307}, "it answers 307"),
        ({"answer": {"data": []}}, "its answer doesn't have 1 vectors of one dimension"),
        ({"answer": {"error": "loading"}}, "its answer is not a list of vectors"),
        ({"answer": [1]}, "its answer is not a list of vectors"),
        ({"answer": {"data": [{"embedding": "AAAA"}]}}, "its answer is not a list of vectors"),
        ({"answer": {"data": [{"embedding": [1e999]}]}}, "its answer doesn't have 1 vectors of one dimension"),
    ],
)
async def test_an_answer_without_vectors_is_an_error(change: dict[str, Any], reason: str) -> None:
    """The error has a few words of our own, and none of the server's."""
    async with embedder() as server:
        vars(server).update(change)
        with pytest.raises(EmbeddingsError) as caught:
            await server.embeddings().embed(["x"], within=5)

    assert str(caught.value) == reason
    assert len(server.asked) == 1


async def test_neither_key_nor_address_is_shown(caplog: pytest.LogCaptureFixture) -> None:
    """This holds even if the server quotes the key, or can't be reached."""
    caplog.set_level("INFO")
    async with embedder() as server:
        refused = server.embeddings(key="secret-of-mine")
        with pytest.raises(EmbeddingsError, match="it answers 401"):
            await refused.embed(["x"], within=5)
        url = server.url
    gone = server.embeddings()
    with pytest.raises(EmbeddingsError, match="it can't be reached: ClientConnectorError"):
        await gone.embed(["x"], within=5)

    told = " ".join(str(record.__dict__) for record in caplog.records if record.name == "agent")
    assert messages(caplog) == ["no embeddings: knowledge is searched by full text only, `doctor` says more"] * 2
    assert not [each for each in ("secret-of-mine", KEY, url, "127.0.0.1") if each in told + refused.identity]


async def test_a_failure_and_its_end_are_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The endpoint is not asked for a minute after each failure."""
    caplog.set_level("INFO")
    now = 100.0
    async with embedder() as server:
        vendor = Vendor("embeddings", SecretStr(KEY), server.url, is_stand_in=False)
        asked = Embeddings(vendor, "small", clock=lambda: now)
        server.status = 500
        for _ in range(3):
            assert await asked.of_query("returns", space_of(asked)) is None
        assert (len(server.asked), asked.failure) == (1, "it answers 500")
        now += 61.0
        assert await asked.of_query("returns", space_of(asked)) is None
        assert len(server.asked) == 2
        server.status = 200
        now += 61.0
        assert await asked.of_query("returns", space_of(asked)) is not None

    assert messages(caplog) == [
        "no embeddings: knowledge is searched by full text only, `doctor` says more",
        "the embeddings work again",
    ]
    assert asked.failure == ""


async def test_a_slow_endpoint_does_not_hold_up_a_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only full text is searched."""
    monkeypatch.setattr(module, "_QUERY_TIMEOUT", 0.1)
    async with embedder() as server:
        server.hold = asyncio.Event()
        asked = server.embeddings()
        assert await asked.of_query("returns", space_of(asked)) is None
        server.hold.set()

    assert asked.failure == "no answer within 0.1 s"


async def test_a_question_is_not_sent_if_there_are_no_vectors_to_compare() -> None:
    """The index has no vectors, or those of another model."""
    async with embedder() as server:
        asked = server.embeddings()
        other = space_of(server.embeddings(model="large"))
        assert [await asked.of_query("returns", space) for space in (None, other)] == [None, None]

    assert server.asked == []


async def test_vectors_of_another_dimension_are_not_compared(caplog: pytest.LogCaptureFixture) -> None:
    """Both dimensions are reported, and only once."""
    now = 0.0
    async with embedder() as server:
        vendor = Vendor("embeddings", SecretStr(KEY), server.url, is_stand_in=False)
        asked = Embeddings(vendor, "small", clock=lambda: now)
        for _ in range(2):
            assert await asked.of_query("returns", space_of(asked, 3)) is None
            now += 61.0

    assert asked.failure == "its vectors have 4 numbers, and those of the index 3"
    assert len(messages(caplog)) == 1


def test_vectors_of_different_lengths_are_refused() -> None:
    """A server that mixes models can't be used."""
    with pytest.raises(EmbeddingsError):
        parse_vectors(b'{"data": [{"embedding": [1, 2]}, {"embedding": [1]}]}', 2)


@pytest.mark.parametrize(
    ("given", "url", "key"),
    [
        ({}, None, "sk-openai"),
        ({"embeddings_api_key": "sk-other"}, None, "sk-other"),
        ({"openai_base_url": "http://localhost:11434/v1"}, "http://localhost:11434/v1", "sk-openai"),
        ({"embeddings_base_url": "http://localhost:11434"}, "http://localhost:11434/v1", "none"),
        (
            {"embeddings_base_url": "https://e.example/v1/embeddings", "embeddings_api_key": "sk-other"},
            "https://e.example/v1",
            "sk-other",
        ),
    ],
)
def test_a_key_is_sent_only_to_its_own_server(given: dict[str, str], url: str | None, key: str) -> None:
    """OPENAI_API_KEY is sent only to the language model's server."""
    vendor = Settings(openai_api_key="sk-openai", embeddings_model="small", **given).embeddings  # type: ignore[arg-type]

    assert vendor is not None
    assert (vendor.url, vendor.key.get_secret_value()) == (url, key)


def test_without_a_model_there_are_no_embeddings() -> None:
    """Nothing is sent to any server."""
    assert embeddings_of(Settings(openai_api_key=SecretStr("sk-openai"))) is None
