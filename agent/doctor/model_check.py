"""Asks the language model's server whether it accepts the persona's settings of the model."""

import json
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import aiohttp

from agent.conversation.pipeline import OPENAI_URL
from agent.doctor.finding import CheckError, need
from agent.persona import Persona
from agent.settings import Settings

# Status codes with which servers refuse a field of a request.
_REFUSALS = {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}

_LONGEST_REASON = 200  # characters


async def check_model_settings(settings: Settings, persona: Persona, http: aiohttp.ClientSession) -> str:
    """Ask for a short answer with the settings of the persona file's `[model]`, as a call does.

    Raises:
        CheckError: The server refuses one of the settings.
    """
    given = persona.model.request()
    if not given:
        return "the server's own"
    need("OPENAI_API_KEY", settings.openai.key.get_secret_value())
    url, headers, params = _address(settings, persona)
    model = persona.model.name or settings.openai_model
    request = {"model": model, "messages": [{"role": "user", "content": "Say hi."}], **given}
    async with http.post(url, params=params, headers=headers, json=request) as response:
        body = await response.text()
    if response.status in _REFUSALS:
        message = f"{model} refuses a setting of [model] ({_reason(body)}): change or leave out {', '.join(given)}"
        raise CheckError(message)
    if not response.ok:
        message = f"not tried: {url} answers {response.status}"
        raise CheckError(message)
    return f"{model} accepts {', '.join(given)}"


def _address(settings: Settings, persona: Persona) -> tuple[str, dict[str, str], dict[str, str]]:
    """Return the URL, the headers and the query of a request for completions."""
    key = settings.openai.key.get_secret_value()
    if (azure := settings.azure) is None:
        return f"{settings.openai.url or OPENAI_URL}/chat/completions", {"Authorization": f"Bearer {key}"}, {}
    deployment = persona.model.name or azure.deployment
    url = f"{azure.endpoint}/openai/deployments/{deployment}/chat/completions"
    return url, {"api-key": key}, {"api-version": azure.api_version}


def _reason(body: str) -> str:
    with suppress(ValueError, TypeError, LookupError):
        error: Any = json.loads(body)["error"]
        return str(error["message"] if isinstance(error, dict) else error)[:_LONGEST_REASON]
    return body[:_LONGEST_REASON]
