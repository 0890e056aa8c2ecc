"""`python agent.py doctor`: everything a call needs, checked one by one, each with what to do."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
import typer
from livekit import api
from livekit.agents import APIError

from agent.conversation.pipeline import build_tts
from agent.framework import plugin_http_session
from agent.persona import Persona, load_persona
from agent.sessions.sweeper import open_journal
from agent.settings import Settings, SettingsError, Vendor, load_settings, out_of_reach
from agent.web.guard import is_for_everybody
from agent.web.serve import page_url
from avatar import SANDBOX_AVATAR_ID, AvatarError, LiveAvatarAPI
from avatar.http import client_session

_TIMEOUT = 10.0
_LARGEST_SKEW = 30.0
# Seconds; LiveKit refuses tokens that begin in its future, and the leeway is about a minute.

_LEAST_CREDITS = 1.0
# A session needs a minute of credit to start, and a LITE session uses one credit a minute ("Credits").

_UNAUTHORIZED = 401
_FORBIDDEN = 403
_MISSING_PERMISSION = re.compile(r"missing_permissions|missing scopes|insufficient permissions", re.IGNORECASE)
# What ElevenLabs and OpenAI say, with a 401, of a key that is good and may not do this.

_NOT_SERVED = "unsupported_country"
# OpenAI's 403 where the key does not matter.

_NAMED_MODELS = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        what: Was checked.
        good: Whether it will do.
        text: What was seen, or what to do.
    """

    what: str
    good: bool
    text: str


class CheckError(Exception):
    """A check failed; the message says what to do."""


Check = Callable[[], Awaitable[str]]


async def examine() -> list[Finding]:
    """Check everything at once; a check that can't be made is a finding too."""
    try:
        settings = load_settings()
        persona = load_persona(settings.persona)
    except SettingsError as error:
        return [Finding("settings", good=False, text=problem) for problem in error.problems]
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(plugin_http_session())
        checks = _checks(settings, persona, http)
        return list(await asyncio.gather(*(_find(what, check) for what, check in checks.items())))


def report(findings: list[Finding]) -> bool:
    """Print a line for each finding.

    Returns:
        Whether all of them are good.
    """
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        mark = typer.style("ok", fg="green") if finding.good else typer.style("no", fg="red", bold=True)
        typer.echo(f"{mark}  {finding.what:<{width}}  {finding.text}")
    return all(finding.good for finding in findings)


def _checks(settings: Settings, persona: Persona, http: aiohttp.ClientSession) -> dict[str, Check]:
    avatar = LiveAvatarAPI(
        http,
        api_key=settings.liveavatar.key.get_secret_value(),
        api_url=settings.avatar_service_url,
        timeout=_TIMEOUT,
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
        "LiveAvatar credits": lambda: _credits(settings, avatar),
        "avatar": lambda: _avatar(settings, persona, avatar),
        "state directory": lambda: _state_directory(settings),
        **({"page": lambda: _page(settings)} if settings.web_port else {}),
    }


async def _find(what: str, check: Check) -> Finding:
    try:
        async with asyncio.timeout(_TIMEOUT):
            return Finding(what, good=True, text=await check())
    except (CheckError, AvatarError) as error:
        return Finding(what, good=False, text=str(error))
    except TimeoutError:
        return Finding(what, good=False, text=f"no answer within {_TIMEOUT:.0f} s: is the network open?")
    except (aiohttp.ClientError, OSError, APIError) as error:
        return Finding(what, good=False, text=f"not reachable: {type(error).__name__}")


async def _livekit(settings: Settings) -> str:
    _need("LIVEKIT_URL", settings.livekit_url)
    _need("LIVEKIT_API_KEY", settings.livekit_api_key)
    secret = settings.livekit_api_secret.get_secret_value()
    _need("LIVEKIT_API_SECRET", secret)
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
    if abs(skew) > _LARGEST_SKEW:
        message = f"{skew:+.0f} s from the server's: set it, or tokens are refused (timedatectl set-ntp true)"
        raise CheckError(message)
    return f"within {_LARGEST_SKEW:.0f} s of the server's"


async def _way(settings: Settings) -> str:
    _need("LIVEKIT_URL", settings.livekit_url)
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
    """Read what is there for every key but a restricted one, which may be good for a call all the same.

    Args:
        vendor: Whose key.
        name: Of the variable.
        http: Asks.
        url: What is read.
        headers: With the key.
        look: Is given what was read; raises CheckError.
    """
    _need(name, vendor.key.get_secret_value())
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
    """Look for the model in what `/models` says; a list that can't be read says nothing."""
    try:
        names = [str(each["id"]) for each in json.loads(listed)["data"]]
    except (ValueError, KeyError, TypeError):
        return
    if names and not {model, f"{model}:latest"} & {*names}:  # a model's tag may be left out in Ollama
        some = ", ".join(names) if len(names) <= _NAMED_MODELS else f"{len(names)} others"
        message = f"the key is accepted, but there is no OPENAI_MODEL={model}; there is {some}"
        raise CheckError(message)


async def _audio_format(settings: Settings, persona: Persona) -> str:
    _need("ELEVEN_API_KEY", settings.elevenlabs.key.get_secret_value())
    tts = build_tts(settings, persona)
    try:
        frame = await tts.synthesize("Hello.").collect()
    finally:
        await tts.aclose()
    if (frame.sample_rate, frame.num_channels) != (24_000, 1):
        message = f"speech comes at {frame.sample_rate} Hz with {frame.num_channels} channels: it will be resampled"
        raise CheckError(message)
    return f"24 kHz mono, as the avatar wants it ({frame.duration:.1f} s heard)"


async def _credits(settings: Settings, avatar: LiveAvatarAPI) -> str:
    _need("LIVEAVATAR_API_KEY", settings.liveavatar.key.get_secret_value())
    credits_left = await avatar.credits_left()
    if credits_left < _LEAST_CREDITS and not settings.liveavatar_sandbox:
        message = f"{credits_left:g} left: buy some, or set LIVEAVATAR_SANDBOX=true"
        raise CheckError(message)
    return f"{credits_left:g} left, one a minute"


async def _avatar(settings: Settings, persona: Persona, avatar: LiveAvatarAPI) -> str:
    _need("LIVEAVATAR_API_KEY", settings.liveavatar.key.get_secret_value())
    avatar_id = settings.avatar_id(persona.avatar_id)
    _need("LIVEAVATAR_AVATAR_ID", avatar_id)
    if settings.liveavatar_sandbox and avatar_id != SANDBOX_AVATAR_ID:
        message = (
            "LIVEAVATAR_SANDBOX=true has one avatar alone: leave LIVEAVATAR_AVATAR_ID empty, or set it to "
            f"{SANDBOX_AVATAR_ID}; for {avatar_id} leave LIVEAVATAR_SANDBOX out"
        )
        raise CheckError(message)
    return f"{await avatar.avatar_name(avatar_id)} ({avatar_id})"


async def _state_directory(settings: Settings) -> str:
    try:
        journal = await asyncio.to_thread(open_journal, settings)
    except SettingsError as error:
        raise CheckError(*error.problems) from None
    return f"{journal.directory} can be written"


async def _page(settings: Settings) -> str:
    if is_for_everybody(settings):
        message = f"who reaches {settings.web_host}:{settings.web_port} may call, at your expense: set WEB_SECRET"
        raise CheckError(message)
    who = "who knows WEB_SECRET" if settings.web_secret.get_secret_value() else "this machine alone"
    return f"{page_url(settings.web_host, settings.web_port or 0)}, for {who}"


def _need(name: str, value: str) -> None:
    if not value:
        message = f"{name} is missing"
        raise CheckError(message)
