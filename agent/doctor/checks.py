"""Checks everything that a call needs, one by one; each failed check says what to do."""

import asyncio
import time
from contextlib import AsyncExitStack
from email.utils import parsedate_to_datetime
from functools import partial

import aiohttp
from livekit import api

from agent.conversation.pipeline import build_tts
from agent.doctor.avatar_checks import avatar_checks
from agent.doctor.finding import TIMEOUT_S, Check, CheckError, Finding, find, need
from agent.doctor.key_checks import key_checks
from agent.doctor.other_personas import examine_others
from agent.doctor.persona_checks import OF_PERSONA, persona_checks
from agent.doctor.port_checks import port_checks
from agent.framework import plugin_http_session
from agent.persona import Persona, load_persona
from agent.persona_check import require_usable
from agent.sessions.sweeper import open_checked_state
from agent.settings import Settings, SettingsError, load_settings, out_of_reach
from avatar import LiveAvatarAPI
from avatar.http import client_session

# LiveKit refuses tokens that become valid in the future by its own clock; it tolerates about a minute.
_LARGEST_SKEW_S = 30.0


async def examine() -> list[Finding]:
    """Check everything, and all personas that calls can have; a failed check is a finding too."""
    try:
        settings = load_settings()
        persona = load_persona(settings.persona)
        require_usable(settings, persona)
    except SettingsError as error:
        return [Finding("settings", good=False, text=problem) for problem in error.problems]
    findings = await examine_with(settings, persona)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(plugin_http_session())
        return [*findings, *await examine_others(settings, partial(_checks_of_persona, http), findings)]


async def examine_with(settings: Settings, persona: Persona) -> list[Finding]:
    """Check these settings with one persona; all checks run at the same time."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(plugin_http_session())
        checks = _checks(settings, persona, http)
        return list(await asyncio.gather(*(find(what, check) for what, check in checks.items())))


def _checks_of_persona(http: aiohttp.ClientSession, settings: Settings, persona: Persona) -> dict[str, Check]:
    checks = _checks(settings, persona, http)
    return {what: checks[what] for what in OF_PERSONA}


def _checks(settings: Settings, persona: Persona, http: aiohttp.ClientSession) -> dict[str, Check]:
    service = LiveAvatarAPI(
        http,
        api_key=settings.liveavatar.key.get_secret_value(),
        api_url=settings.avatar_service_url,
        timeout=TIMEOUT_S,
        attempts=1,
    )
    ours: dict[str, Check] = {"LiveKit": lambda: _livekit(settings), "avatar's address": lambda: _way(settings)}
    return {
        **(ours if settings.room_owner == "ours" else {}),
        "clock": lambda: _clock(settings, http),
        **key_checks(settings, persona, http),
        "audio format": lambda: _audio_format(settings, persona),
        **avatar_checks(settings, settings.avatar_id(persona.avatar_id), service),
        **persona_checks(settings, persona),
        "state directory": lambda: _state_directory(settings),
        **port_checks(settings),
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
        return "not compared: the server's reply has no date"
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
    return f"24 kHz mono, as the avatar needs it ({frame.duration:.1f} s received)"


async def _state_directory(settings: Settings) -> str:
    try:
        await asyncio.to_thread(open_checked_state, settings)
    except SettingsError as error:
        raise CheckError(*error.problems) from None
    return f"{settings.state_dir} can be written"
