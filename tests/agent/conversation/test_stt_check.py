"""The check that asks the service itself whether a model hears a persona's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.conversation.stt_check import why_unheard
from agent.persona import Persona
from agent.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REASON = "Bad Request: No such model/language combination found."


class Deepgram:
    """A fake Deepgram that serves only English, and only with the key.

    Attributes:
        asked: The queries of the requested streams.
    """

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []

    async def listen(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        if request.headers["Authorization"] != "Token stand-in":
            raise web.HTTPUnauthorized
        if request.query["language"] != "en":
            raise web.HTTPBadRequest(headers={"dg-error": REASON})
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.close()
        return socket

    async def listen_for_turns(self, request: web.Request) -> web.StreamResponse:
        if "language" in request.query:
            raise web.HTTPBadRequest
        self.asked.append(dict(request.query))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive()
        await socket.close()
        return socket


@pytest.fixture
async def service(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Deepgram]:
    """Run the fake in place of the stand-ins."""
    deepgram, app = Deepgram(), web.Application()
    app.router.add_get("/deepgram/v1/listen", deepgram.listen)
    app.router.add_get("/deepgram/v2/listen", deepgram.listen_for_turns)
    server = TestServer(app)
    async with server:
        monkeypatch.setenv("STAND_INS_URL", str(server.make_url("")).rstrip("/"))
        yield deepgram


async def asked(language: str) -> str | None:
    """Return the service's refusal of a language, or None."""
    async with aiohttp.ClientSession() as http:
        return await why_unheard(load_settings(), Persona(name="x", instructions="y", language=language), http)


async def test_a_language_that_is_refused_has_a_reason(service: Deepgram, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason is the service's own, a language that is heard has none, and the model is that of the settings."""
    monkeypatch.setenv("DEEPGRAM_MODEL", "nova-2")

    assert await asked("zh") == REASON
    assert await asked("en") is None
    assert [(query["model"], query["language"]) for query in service.asked] == [("nova-2", "zh"), ("nova-2", "en")]


async def test_flux_is_asked_at_its_own_address(service: Deepgram, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets no language parameter: the model determines which languages it hears."""
    monkeypatch.setenv("DEEPGRAM_MODEL", "flux-general-en")

    assert await asked("en") is None
    assert service.asked[0]["model"] == "flux-general-en"


async def test_the_personas_options_are_sent_as_well(service: Deepgram) -> None:
    """The request is the same as a call's."""
    hearing = {"key_terms": ["Nova"], "numerals": True}
    persona = Persona.model_validate({"name": "x", "instructions": "y", "hearing": hearing})
    async with aiohttp.ClientSession() as http:
        assert await why_unheard(load_settings(), persona, http) is None

    assert {"keyterm": "Nova", "numerals": "true"}.items() <= service.asked[0].items()


async def test_another_refusal_says_nothing_about_the_language(
    service: Deepgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refused key, for example, gives no verdict."""
    monkeypatch.setattr("agent.settings.model.STAND_IN_KEY", "wrong")
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await asked("en")
