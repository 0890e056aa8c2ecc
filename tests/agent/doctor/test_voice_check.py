"""The doctor's findings about the persona's voices, based on ElevenLabs' list of models."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from agent.doctor.finding import Finding, find
from agent.doctor.key_checks import key_checks
from agent.persona import Persona
from agent.settings import load_settings
from avatar.http import client_session

FLASH = {
    "model_id": "eleven_flash_v2_5",
    "can_do_text_to_speech": True,
    "can_use_style": False,
    "can_use_speaker_boost": False,
}
MULTILINGUAL = {
    "model_id": "eleven_multilingual_v2",
    "can_do_text_to_speech": True,
    "can_use_style": True,
    "can_use_speaker_boost": True,
}


async def finding(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], listed: Any = (FLASH, MULTILINGUAL)
) -> Finding:
    """Return the finding for a persona with these fields."""

    async def models(request: web.Request) -> web.Response:
        assert request.headers["xi-api-key"] == "eleven-secret"
        return web.json_response(listed) if listed else web.Response(status=404)

    app = web.Application()
    app.router.add_get("/v1/models", models)
    async with TestServer(app) as server, client_session() as http:
        monkeypatch.setenv("ELEVEN_API_KEY", "eleven-secret")
        monkeypatch.setenv("ELEVEN_BASE_URL", str(server.make_url("/v1")))
        persona = Persona.model_validate({"name": "x", "instructions": "y"} | fields)
        return await find("voices", key_checks(load_settings(), persona, http)["voices"])


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "as they are set at ElevenLabs"),
        ({"voice": "abc"}, "as they are set at ElevenLabs"),
        ({"voice": {"speed": 1.1, "stability": 0.4}}, "accepted by the models"),
        ({"voice": {"style": 0}}, "accepted by the models"),
        ({"voice": {"style": 0.3, "model": "eleven_multilingual_v2"}}, "accepted by the models"),
    ],
)
async def test_options_that_the_models_support_are_good(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], text: str
) -> None:
    """Without options the vendor is not asked."""
    found = await finding(monkeypatch, fields)

    assert (found.good, found.text) == (True, text)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"voice": {"style": 0.3}},
            "[voice]: eleven_flash_v2_5 does not take style; leave it out, or take eleven_multilingual_v2",
        ),
        (
            {"languages": {"es": {"voice": {"use_speaker_boost": True}}}},
            "[languages.es]: eleven_flash_v2_5 does not take use_speaker_boost; leave it out, or take",
        ),
        (
            {"voice": {"model": "eleven_flush"}},
            "[voice]: there is no model eleven_flush; there is eleven_flash_v2_5, eleven_multilingual_v2",
        ),
    ],
)
async def test_an_option_that_a_model_does_not_support_is_found(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], text: str
) -> None:
    """The finding names the models that support it."""
    found = await finding(monkeypatch, fields)

    assert (found.good, found.text[: len(text)]) == (False, text)


@pytest.mark.parametrize("listed", [None, {"detail": "no"}])
async def test_an_unreadable_list_of_models_is_not_a_problem(monkeypatch: pytest.MonkeyPatch, listed: Any) -> None:
    """A restricted key may not read the list, and a stand-in has none."""
    found = await finding(monkeypatch, {"voice": {"style": 0.3}}, listed)

    assert (found.good, found.text) == (True, "could not look up which settings the models accept")
