"""`python agent.py doctor`: everything a call needs, checked one by one, each with what to do."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import aiohttp
import typer
from livekit import api
from livekit.agents import APIError, utils

from agent.persona import Persona, load_persona
from agent.pipeline import build_tts
from agent.settings import Settings, SettingsError, Vendor, load_settings
from agent.sweeper import open_journal
from agent.web.guard import is_for_everybody
from agent.web.serve import page_url
from avatar import AvatarError, LiveAvatarAPI
from avatar.api import DEFAULT_API_URL

_TIMEOUT = 10.0
_LARGEST_SKEW = 30.0
# Seconds; LiveKit refuses tokens that begin in its future, and the leeway is about a minute.

_LEAST_CREDITS = 1.0
# A session needs a minute of credit to start, and a LITE session uses one credit a minute ("Credits").

_REFUSED = {401, 403}


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
        http = await stack.enter_async_context(aiohttp.ClientSession())
        await stack.enter_async_context(utils.http_context.open())
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
        api_url=settings.liveavatar.url or DEFAULT_API_URL,
        timeout=_TIMEOUT,
        attempts=1,
    )
    deepgram = (settings.deepgram.url or "https://api.deepgram.com/v1/listen").removesuffix("/listen")
    openai = settings.openai.url or "https://api.openai.com/v1"
    eleven = settings.elevenlabs.url or "https://api.elevenlabs.io/v1"
    token = {"Authorization": f"Token {settings.deepgram.key.get_secret_value()}"}
    bearer = {"Authorization": f"Bearer {settings.openai.key.get_secret_value()}"}
    livekit = {"LiveKit": lambda: _livekit(settings)} if settings.room_owner == "ours" else {}
    return {
        **livekit,
        "clock": lambda: _clock(settings, http),
        "Deepgram key": lambda: _key(settings.deepgram, "DEEPGRAM_API_KEY", http, f"{deepgram}/projects", token),
        "OpenAI key": lambda: _key(settings.openai, "OPENAI_API_KEY", http, f"{openai}/models", bearer),
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
    async with api.LiveKitAPI(settings.livekit_url, settings.livekit_api_key, secret) as livekit:
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
    url = settings.liveavatar.url or DEFAULT_API_URL
    async with http.get(url) as response:
        date = response.headers.get("Date")
    if date is None:
        return "not compared: the server tells no time"
    skew = time.time() - parsedate_to_datetime(date).timestamp()
    if abs(skew) > _LARGEST_SKEW:
        message = f"{skew:+.0f} s from the server's: set it, or tokens are refused (timedatectl set-ntp true)"
        raise CheckError(message)
    return f"within {_LARGEST_SKEW:.0f} s of the server's"


async def _key(vendor: Vendor, name: str, http: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> str:
    _need(name, vendor.key.get_secret_value())
    async with http.get(url, headers=headers) as response:
        if response.status in _REFUSED:
            message = f"{name} is refused: make a new one"
            raise CheckError(message)
        if not response.ok:
            message = f"{url} answers {response.status}"
            raise CheckError(message)
    return "a stand-in, not the real thing" if vendor.is_stand_in else "accepted"


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
