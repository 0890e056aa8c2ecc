"""The checks of the keys, the models, and the language for speech-to-text."""

import json
import re
from collections.abc import Callable, Mapping
from http import HTTPStatus

import aiohttp

from agent.conversation.pipeline import DEEPGRAM_URL, OPENAI_URL
from agent.conversation.stt_check import why_unheard
from agent.doctor.finding import Check, CheckError, need
from agent.doctor.model_check import check_model_settings
from agent.doctor.voice_check import check_voices
from agent.persona import Persona
from agent.settings import Azure, Settings, Vendor

_ELEVEN_URL = "https://api.elevenlabs.io/v1"

# The text of ElevenLabs' and OpenAI's 401 for a key that is accepted but lacks a permission.
_MISSING_PERMISSION = re.compile(r"missing_permissions|missing scopes|insufficient permissions", re.IGNORECASE)

# OpenAI's 403 for a reason that has nothing to do with the key.
_NOT_SERVED = "unsupported_country"

# The most models that an error lists.
_NAMED_MODELS = 5

# Azure's code for an unknown deployment.
_NO_DEPLOYMENT = "DeploymentNotFound"


def key_checks(settings: Settings, persona: Persona, http: aiohttp.ClientSession) -> dict[str, Check]:
    """Return the checks of speech-to-text, the language model and text-to-speech, by name.

    Args:
        settings: The settings to check.
        persona: Its language, and its settings for speech-to-text and the language model, are tried.
        http: The HTTP session to use.
    """
    deepgram = (settings.deepgram.url or DEEPGRAM_URL).removesuffix("/listen")
    eleven = settings.elevenlabs.url or _ELEVEN_URL
    token = {"Authorization": f"Token {settings.deepgram.key.get_secret_value()}"}
    eleven_key = {"xi-api-key": settings.elevenlabs.key.get_secret_value()}
    return {
        "Deepgram key": lambda: _key(settings.deepgram, "DEEPGRAM_API_KEY", http, f"{deepgram}/projects", token),
        "language": lambda: _language(settings, persona, http),
        "OpenAI key": lambda: _model(settings, persona, http),
        "model settings": lambda: check_model_settings(settings, persona, http),
        "ElevenLabs key": lambda: _key(settings.elevenlabs, "ELEVEN_API_KEY", http, f"{eleven}/voices", eleven_key),
        "voices": lambda: check_voices(settings, persona, http, eleven),
    }


async def _language(settings: Settings, persona: Persona, http: aiohttp.ClientSession) -> str:
    """Try the language as a call does: if it is refused here, every connection of a call would be."""
    need("DEEPGRAM_API_KEY", settings.deepgram.key.get_secret_value())
    try:
        reason = await why_unheard(settings, persona, http)
    except aiohttp.WSServerHandshakeError as refusal:
        if refusal.status == HTTPStatus.UNAUTHORIZED:
            message = "not tried: DEEPGRAM_API_KEY is refused"
        else:
            message = f"DEEPGRAM_MODEL={settings.deepgram_model} is refused with status {refusal.status}"
        raise CheckError(message) from None
    if reason:
        message = (
            f"DEEPGRAM_MODEL={settings.deepgram_model} does not hear {persona.language} ({reason}): "
            "choose another model, or change language or [hearing] in the persona file"
        )
        raise CheckError(message)
    return f"{settings.deepgram_model} hears {persona.language}"


async def _model(settings: Settings, persona: Persona, http: aiohttp.ClientSession) -> str:
    if settings.azure is not None:
        return await _deployment(settings.azure, http)
    url = f"{settings.openai.url or OPENAI_URL}/models"
    headers = {"Authorization": f"Bearer {settings.openai.key.get_secret_value()}"}
    return await _key(
        settings.openai,
        "OPENAI_API_KEY",
        http,
        url,
        headers,
        look=lambda models: _find_model(persona.model.name or settings.openai_model, models),
    )


async def _deployment(azure: Azure, http: aiohttp.ClientSession) -> str:
    """Ask for one token, as a call does: Azure lists neither its deployments nor the API versions that it accepts.

    The address, the header and the codes are from Azure's REST reference, "Chat completions - Create".
    """
    need("AZURE_OPENAI_API_KEY", azure.key.get_secret_value())
    need("OPENAI_API_VERSION", azure.api_version)
    url = f"{azure.endpoint}/openai/deployments/{azure.deployment}/chat/completions"
    async with http.post(
        url,
        params={"api-version": azure.api_version},
        headers={"api-key": azure.key.get_secret_value()},
        json={"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1},
    ) as response:
        body = await response.text()
    if problem := _azure_problem(azure, response.status, body):
        raise CheckError(problem)
    return f"accepted; {azure.deployment} answers"


def _azure_problem(azure: Azure, status: int, body: str) -> str:
    """Return what a response of Azure's shows to be wrong with the settings; empty if nothing is."""
    if status == HTTPStatus.UNAUTHORIZED:
        return (
            "AZURE_OPENAI_API_KEY is refused: it belongs to one resource, and AZURE_OPENAI_ENDPOINT has to be its own"
        )
    if status == HTTPStatus.NOT_FOUND and _NO_DEPLOYMENT in body:
        return f"there is no AZURE_OPENAI_DEPLOYMENT={azure.deployment}: write the deployment's name, not the model's"
    if status == HTTPStatus.NOT_FOUND:
        return (
            f"{azure.endpoint} has no chat completions for OPENAI_API_VERSION={azure.api_version}: "
            "check both AZURE_OPENAI_ENDPOINT and the version"
        )
    # The deployment exists as well if its model refuses `max_tokens`, or if it is busy.
    is_there = status < HTTPStatus.MULTIPLE_CHOICES or status in {HTTPStatus.BAD_REQUEST, HTTPStatus.TOO_MANY_REQUESTS}
    return "" if is_there else f"{azure.endpoint} answers {status}"


async def _key(
    vendor: Vendor,
    name: str,
    http: aiohttp.ClientSession,
    url: str,
    headers: Mapping[str, str],
    *,
    look: Callable[[str], None] = lambda _: None,
) -> str:
    """Read a page that any key except a restricted one may read. A restricted key may still suffice for calls.

    Args:
        vendor: The key's vendor.
        name: The variable with the key.
        http: The HTTP session to use.
        url: The page to read.
        headers: Headers with the key.
        look: Called with the page's body; raises CheckError if that shows a mistake.
    """
    need(name, vendor.key.get_secret_value())
    async with http.get(url, headers=headers) as response:
        body = await response.text()
    if _is_restricted(response.status, body):
        return "accepted; it is a restricted key, and its permissions could not be looked up"
    if response.status == HTTPStatus.UNAUTHORIZED:
        message = f"{name} is refused: make a new one"
        raise CheckError(message)
    if not response.ok:
        message = f"{url} answers {response.status}"
        raise CheckError(message)
    if vendor.is_stand_in:
        return "a stand-in, not the real thing"
    look(body)
    return "accepted"


def _is_restricted(status: int, body: str) -> bool:
    if status == HTTPStatus.UNAUTHORIZED:
        return _MISSING_PERMISSION.search(body) is not None
    return status == HTTPStatus.FORBIDDEN and _NOT_SERVED not in body


def _find_model(model: str, listed: str) -> None:
    """Look for the model in the reply of `/models`; a list that can't be read is ignored."""
    try:
        names = [str(each["id"]) for each in json.loads(listed)["data"]]
    except (ValueError, KeyError, TypeError):
        return
    # In Ollama a model's tag may be left out.
    if names and not {model, f"{model}:latest"} & {*names}:
        some = ", ".join(names) if len(names) <= _NAMED_MODELS else f"{len(names)} others"
        message = f"the key is accepted, but there is no OPENAI_MODEL={model}; there is {some}"
        raise CheckError(message)
