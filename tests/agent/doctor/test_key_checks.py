"""The doctor's findings about keys, the language model's deployment, and the language of speech-to-text."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.doctor.finding import Finding, find
from agent.doctor.key_checks import key_checks
from agent.persona import Persona
from agent.settings import load_settings
from avatar.http import client_session

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NO_SUCH_LANGUAGE = "Bad Request: No such model/language combination found."


class Azure:
    """A fake Azure OpenAI resource with one deployment and one API version."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []

    async def complete(self, request: web.Request) -> web.Response:
        self.asked.append((str(request.rel_url), request.headers.get("Authorization")))
        if request.headers.get("api-key") != "azure-secret":
            return web.json_response({"error": {"code": "401", "message": "Access denied"}}, status=401)
        if request.query["api-version"] != "2024-10-21":
            return web.json_response({"error": {"code": "404", "message": "Resource not found"}}, status=404)
        if request.match_info["deployment"] != "mine":
            return web.json_response({"error": {"code": "DeploymentNotFound", "message": "No."}}, status=404)
        if "max_tokens" not in await request.json():
            return web.json_response({"error": {"code": "429"}}, status=429)
        return web.json_response({"choices": []})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/openai/deployments/{deployment}/chat/completions", self.complete)
        async with TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")


async def finding(what: str, language: str = "en") -> Finding:
    """Return the finding of one check."""
    async with client_session() as http:
        persona = Persona(name="x", instructions="y", language=language)
        return await find(what, key_checks(load_settings(), persona, http)[what])


@pytest.mark.parametrize(
    ("changed", "good", "text"),
    [
        ({}, True, "accepted; mine answers"),
        ({"AZURE_OPENAI_API_KEY": "another"}, False, "AZURE_OPENAI_API_KEY is refused"),
        ({"AZURE_OPENAI_DEPLOYMENT": "gpt-4o"}, False, "there is no AZURE_OPENAI_DEPLOYMENT=gpt-4o"),
        ({"OPENAI_API_VERSION": "2020-01-01"}, False, "http://127.0.0.1"),
        ({"OPENAI_API_VERSION": ""}, False, "OPENAI_API_VERSION is missing"),
        ({"AZURE_OPENAI_API_KEY": ""}, False, "AZURE_OPENAI_API_KEY is missing"),
    ],
)
async def test_azure_is_asked_in_azures_way(
    monkeypatch: pytest.MonkeyPatch, changed: dict[str, str], text: str, *, good: bool
) -> None:
    """The request names deployment, API version and Azure's header; a finding names the wrong setting."""
    azure = Azure()
    async with azure.running() as url:
        settings = {
            "AZURE_OPENAI_ENDPOINT": f"{url}/openai/",
            "AZURE_OPENAI_API_KEY": "azure-secret",
            "AZURE_OPENAI_DEPLOYMENT": "mine",
            "OPENAI_API_VERSION": "2024-10-21",
            **changed,
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        found = await finding("OpenAI key")

    assert (found.good, found.text[: len(text)]) == (good, text)
    assert "secret" not in found.text
    if good:
        assert azure.asked == [("/openai/deployments/mine/chat/completions?api-version=2024-10-21", None)]


async def complete(request: web.Request) -> web.Response:
    """Answer as a reasoning model: it accepts no temperature."""
    asked = await request.json()
    if "temperature" in asked:
        reason = "Unsupported value: 'temperature' does not support 0.2 with this model."
        return web.json_response({"error": {"message": reason}}, status=400)
    if request.headers["Authorization"] != "Bearer openai-secret":
        return web.json_response({}, status=401)
    return web.json_response({"choices": []})


@pytest.mark.parametrize(
    ("model", "changed", "good", "text"),
    [
        ({}, {}, True, "the server's own"),
        ({"reasoning_effort": "low", "name": "o9"}, {}, True, "o9 accepts reasoning_effort"),
        (
            {"temperature": 0.2, "max_tokens": 100},
            {},
            False,
            "gpt-4.1-mini refuses a setting of [model] (Unsupported value: 'temperature' does not support 0.2 with",
        ),
        ({"max_tokens": 100}, {"OPENAI_API_KEY": "another"}, False, "not tried: http://127.0.0.1"),
    ],
)
async def test_settings_that_a_model_refuses_are_found(
    monkeypatch: pytest.MonkeyPatch, model: dict[str, Any], changed: dict[str, str], text: str, *, good: bool
) -> None:
    """The finding has the server's words; a call would leave these settings out."""
    app = web.Application()
    app.router.add_post("/v1/chat/completions", complete)
    async with TestServer(app) as server:
        settings = {"OPENAI_API_KEY": "openai-secret", "OPENAI_BASE_URL": str(server.make_url("/v1")), **changed}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        async with client_session() as http:
            persona = Persona.model_validate({"name": "x", "instructions": "y", "model": model})
            checks = key_checks(load_settings(), persona, http)
            found = await find("model settings", checks["model settings"])

    assert (found.good, found.text[: len(text)]) == (good, text)
    assert "secret" not in found.text


async def listen(request: web.Request) -> web.StreamResponse:
    """Accept only English with nova-3, and only with the key."""
    if request.headers["Authorization"] != "Token deepgram-secret":
        raise web.HTTPUnauthorized
    if request.query["model"] != "nova-3":
        raise web.HTTPForbidden
    if request.query["language"] != "en":
        raise web.HTTPBadRequest(headers={"dg-error": NO_SUCH_LANGUAGE})
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    await socket.receive()
    await socket.close()
    return socket


@pytest.mark.parametrize(
    ("language", "changed", "good", "text"),
    [
        ("en", {}, True, "nova-3 hears en"),
        ("zh", {}, False, f"DEEPGRAM_MODEL=nova-3 does not hear zh ({NO_SUCH_LANGUAGE}): choose another model, or"),
        ("en", {"DEEPGRAM_MODEL": "nova-9"}, False, "DEEPGRAM_MODEL=nova-9 is refused with status 403"),
        ("en", {"DEEPGRAM_API_KEY": "another"}, False, "not tried: DEEPGRAM_API_KEY is refused"),
        ("en", {"DEEPGRAM_API_KEY": ""}, False, "DEEPGRAM_API_KEY is missing"),
    ],
)
async def test_a_language_that_the_model_does_not_hear_is_found(
    monkeypatch: pytest.MonkeyPatch, language: str, changed: dict[str, str], text: str, *, good: bool
) -> None:
    """In a call each connection would be refused; a model that the key may not use is found as well."""
    app = web.Application()
    app.router.add_get("/v1/listen", listen)
    async with TestServer(app) as server:
        settings = {"DEEPGRAM_API_KEY": "deepgram-secret", "DEEPGRAM_BASE_URL": str(server.make_url("/v1")), **changed}
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        found = await finding("language", language)

    assert (found.good, found.text[: len(text)]) == (good, text)
