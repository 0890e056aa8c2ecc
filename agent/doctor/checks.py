"""Everything a call needs, checked one by one, each with what to do."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime

import aiohttp
from livekit import api

from agent.conversation.pipeline import build_tts
from agent.doctor.avatar_checks import avatar_checks
from agent.doctor.finding import TIMEOUT_S, Check, CheckError, Finding, find, need
from agent.framework import plugin_http_session
from agent.persona import Persona, load_persona
from agent.sessions.sweeper import open_journal
from agent.settings import Settings, SettingsError, Vendor, load_settings, out_of_reach
from agent.turns import turn_settings
from agent.web.guard import is_for_everybody
from agent.web.serve import page_url
from avatar import LiveAvatarAPI
from avatar.http import client_session

# LiveKit refuses tokens that begin in its future, and allows about a minute.
_LARGEST_SKEW_S = 30.0

_UNAUTHORIZED = 401
_FORBIDDEN = 403

# What ElevenLabs and OpenAI say, with a 401, about a key that is accepted and may not do this.
_MISSING_PERMISSION = re.compile(r"missing_permissions|missing scopes|insufficient permissions", re.IGNORECASE)

# OpenAI's 403 where the key does not matter.
_NOT_SERVED = "unsupported_country"

_NAMED_MODELS = 5


async def examine() -> list[Finding]:
    """Check everything at once; a check that can't be made is a finding too."""
    try:
        settings = load_settings()
        persona = load_persona(settings.persona)
        turn_settings(settings, persona)
    except SettingsError as error:
        return [Finding("settings", good=False, text=problem) for problem in error.problems]
    return await examine_with(settings, persona)


async def examine_with(settings: Settings, persona: Persona) -> list[Finding]:
    """Check these settings."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(plugin_http_session())
        checks = _checks(settings, persona, http)
        return list(await asyncio.gather(*(find(what, check) for what, check in checks.items())))


def _checks(settings: Settings, persona: Persona, http: aiohttp.ClientSession) -> dict[str, Check]:
    service = LiveAvatarAPI(
        http,
        api_key=settings.liveavatar.key.get_secret_value(),
        api_url=settings.avatar_service_url,
        timeout=TIMEOUT_S,
        attempts=1,
    )
    deepgram = (settings.deepgram.url or "https://api.deepgram.com/v1/listen").removesuffix("/listen")
    openai = settings.openai.url or "https://api.openai.com/v1"
    eleven = settings.elevenlabs.url or "https://api.elevenlabs.io/v1"
    token = {"Authorization": f"Token {settings.deepgram.key.get_secret_value()}"}
    bearer = {"Authorization": f"Bearer {settings.openai.key.get_secret_value()}"}
    ours: dict[str, Check] = {"LiveKit": lambda: _livekit(settings), "avatar's way": lambda: _way(settings)}
    return {
        **(ours if settings.room_owner == "ours" else {}),
        "clock": lambda: _clock(settings, http),
        "Deepgram key": lambda: _key(settings.deepgram, "DEEPGRAM_API_KEY", http, f"{deepgram}/projects", token),
        "OpenAI key": lambda: _key(
            settings.openai,
            "OPENAI_API_KEY",
            http,
            f"{openai}/models",
            bearer,
            look=lambda models: _find_model(settings.openai_model, models),
        ),
        "ElevenLabs key": lambda: _key(
            settings.elevenlabs,
            "ELEVEN_API_KEY",
            http,
            f"{eleven}/voices",
            {"xi-api-key": settings.elevenlabs.key.get_secret_value()},
        ),
        "audio format": lambda: _audio_format(settings, persona),
        **avatar_checks(settings, settings.avatar_id(persona.avatar_id), service),
        "state directory": lambda: _state_directory(settings),
        **({"page": lambda: _page(settings)} if settings.web_port else {}),
    }


async def _livekit(settings: Settings) -> str:
    need("LIVEKIT_URL", settings.livekit_url)
    need("LIVEKIT_API_KEY", settings.livekit_api_key)
    secret = settings.livekit_api_secret.get_secret_value()
    need("LIVEKIT_API_SECRET", secret)
    async with (
        client_session() as http,
        api.LiveKitAPI(settings.livekit_url, settings.livekit_api_key, secret, session=http) as livekit,
    ):
        try:
            rooms = await livekit.room.list_rooms(api.ListRoomsRequest())
        except api.TwirpError as error:
            message = f"{settings.livekit_url} refuses LIVEKIT_API_KEY and LIVEKIT_API_SECRET: {error.code}"
            raise CheckError(message) from None
        except aiohttp.ClientError:
            message = f"{settings.livekit_url} is not reachable: is LIVEKIT_URL right, and the server running?"
            raise CheckError(message) from None
    return f"{settings.livekit_url}, {len(rooms.rooms)} room(s)"


async def _clock(settings: Settings, http: aiohttp.ClientSession) -> str:
    async with http.get(settings.avatar_service_url) as response:
        date = response.headers.get("Date")
    if date is None:
        return "not compared: the server tells no time"
    skew = time.time() - parsedate_to_datetime(date).timestamp()
    if abs(skew) > _LARGEST_SKEW_S:
        message = f"{skew:+.0f} s from the server's: set it, or tokens are refused (timedatectl set-ntp true)"
        raise CheckError(message)
    return f"within {_LARGEST_SKEW_S:.0f} s of the server's"


async def _way(settings: Settings) -> str:
    need("LIVEKIT_URL", settings.livekit_url)
    if problems := out_of_reach(settings):
        raise CheckError(*problems)
    return f"the avatar joins at {settings.avatars_url}"


async def _key(
    vendor: Vendor,
    name: str,
    http: aiohttp.ClientSession,
    url: str,
    headers: dict[str, str],
    *,
    look: Callable[[str], None] = lambda _: None,
) -> str:
    """Read something that every key may read but a restricted one, which may be enough for a call all the same.

    Args:
        vendor: The key's vendor.
        name: The variable with the key.
        http: The HTTP session to use.
        url: What to read.
        headers: Headers with the key.
        look: Is given what was read, and raises CheckError if it shows a mistake.
    """
    need(name, vendor.key.get_secret_value())
    async with http.get(url, headers=headers) as response:
        body = await response.text()
    if _is_restricted(response.status, body):
        return "accepted; it is a restricted key, and what it may do could not be looked up"
    if response.status == _UNAUTHORIZED:
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
    if status == _UNAUTHORIZED:
        return _MISSING_PERMISSION.search(body) is not None
    return status == _FORBIDDEN and _NOT_SERVED not in body


def _find_model(model: str, listed: str) -> None:
    """Look for the model in the reply of `/models`; a list that can't be read is no evidence."""
    try:
        names = [str(each["id"]) for each in json.loads(listed)["data"]]
    except (ValueError, KeyError, TypeError):
        return
    if names and not {model, f"{model}:latest"} & {*names}:  # a model's tag may be left out in Ollama
        some = ", ".join(names) if len(names) <= _NAMED_MODELS else f"{len(names)} others"
        message = f"the key is accepted, but there is no OPENAI_MODEL={model}; there is {some}"
        raise CheckError(message)


async def _audio_format(settings: Settings, persona: Persona) -> str:
    need("ELEVEN_API_KEY", settings.elevenlabs.key.get_secret_value())
    tts = build_tts(settings, persona)
    try:
        frame = await tts.synthesize("Hello.").collect()
    finally:
        await tts.aclose()
    if (frame.sample_rate, frame.num_channels) != (24_000, 1):
        message = f"speech comes at {frame.sample_rate} Hz with {frame.num_channels} channels: it will be resampled"
        raise CheckError(message)
    return f"24 kHz mono, as the avatar wants it ({frame.duration:.1f} s heard)"


async def _state_directory(settings: Settings) -> str:
    try:
        journal = await asyncio.to_thread(open_journal, settings)
    except SettingsError as error:
        raise CheckError(*error.problems) from None
    return f"{journal.directory} can be written"


async def _page(settings: Settings) -> str:
    if is_for_everybody(settings, settings.web_host):
        message = f"who reaches {settings.web_host}:{settings.web_port} may call, at your expense: set WEB_SECRET"
        raise CheckError(message)
    who = "who knows WEB_SECRET" if settings.secret else "this machine alone"
    return f"{page_url(settings.web_host, settings.web_port or 0)}, for {who}"
