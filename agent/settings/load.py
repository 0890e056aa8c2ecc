"""Loads the settings, and reports each of their problems in a sentence."""

import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import ValidationError

from agent.rooms.reach import is_on_the_internet
from agent.settings.environment import env_file_problem
from agent.settings.model import Settings, SettingsError, is_secret
from agent.settings.proxies import proxy_problems

_VENDOR_KEYS = {
    "deepgram": ("DEEPGRAM_API_KEY", "console.deepgram.com"),
    "openai": ("OPENAI_API_KEY", "platform.openai.com, or set OPENAI_BASE_URL for a server of your own"),
    "elevenlabs": ("ELEVEN_API_KEY", "elevenlabs.io"),
    "liveavatar": ("LIVEAVATAR_API_KEY", "app.liveavatar.com"),
}

# The prefix of LiveKit Cloud's keys, and the shortest secret that livekit-server accepts, in characters.
_LIVEKIT_KEY = "API"
_LIVEKIT_SECRET_LENGTH = 32

# Most characters of a refused value that are shown.
_SHOWN = 60

# A value like this may be a key in the wrong line, so only its first characters are shown.
_KEY = re.compile(r"[\w-]{16,}")
_KEY_SHOWN = 4

# A user and a password within a URL.
_LOGIN = re.compile(r"//[^/\s]*@")

_REASONS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "value_error": lambda context: str(context["error"]),
    "int_parsing": lambda _: "is not a whole number: write digits only",
    "int_from_float": lambda _: "is not a whole number: write digits only",
    "float_parsing": lambda _: "is not a number: write it without a unit",
    "finite_number": lambda _: "must be a finite number",
    "bool_parsing": lambda _: "is neither true nor false",
    "literal_error": lambda context: f"must be {context['expected']}",
    "greater_than": lambda context: f"must be more than {context['gt']:g}",
    "greater_than_equal": lambda context: f"must be at least {context['ge']:g}",
    "less_than_equal": lambda context: f"must be at most {context['le']:g}",
}


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: A value can't be used; all of them are named, and shown unless they are secret.
    """
    if problem := env_file_problem():
        raise SettingsError([problem])
    try:
        settings = Settings()
    except ValidationError as error:
        # Without its cause: a traceback would show the values.
        raise SettingsError([_problem(dict(each)) for each in error.errors(include_input=False)]) from None
    if _are_swapped(settings):
        message = "LIVEKIT_API_KEY and LIVEKIT_API_SECRET are swapped: the key is the short one that begins with API"
        raise SettingsError([message])
    return settings


def settings_or_defaults() -> Settings:
    """Read the environment; return the defaults if a value can't be used, for code that runs before the report."""
    try:
        return load_settings()
    except SettingsError:
        return Settings.model_construct()


def complete_settings(*, of_persona: str = "") -> Settings:
    """Read the settings and make sure that a call can be made with them.

    Args:
        of_persona: The persona's avatar id, which is used if the settings have none.

    Raises:
        SettingsError: Something is missing or wrong; it names all problems.
    """
    settings = load_settings()
    problems = [
        *_missing_keys(settings),
        *_missing_azure(settings),
        *_missing_fallback_keys(settings),
        *_missing_embeddings(settings),
    ]
    if settings.room_owner == "ours":
        problems = [*missing_livekit(settings), *out_of_reach(settings), *problems]
    if not settings.avatar_id(of_persona):
        problems.append("LIVEAVATAR_AVATAR_ID is missing: choose an avatar at app.liveavatar.com")
    if not settings.persona.is_file():
        problems.append(f"PERSONA: there is no file {settings.persona}")
    problems += [*_contradictions(settings), *proxy_problems()]
    if problems:
        raise SettingsError(problems)
    return settings


def _contradictions(settings: Settings) -> list[str]:
    """List settings that contradict each other, so that one of them must be a mistake."""
    call, day = settings.minutes_per_call, settings.minutes_per_day
    problems = []
    if 0 < day < call:
        problems.append(
            f"MINUTES_PER_CALL={call:g} is more than MINUTES_PER_DAY={day:g}: no call could use its minutes"
        )
    if settings.no_slot != "voice" and not settings.avatar_slots:
        problems.append(
            f"NO_SLOT={settings.no_slot} needs AVATAR_SLOTS, the number of avatars that the account can have"
        )
    return problems


def out_of_reach(settings: Settings) -> list[str]:
    """Return why LiveAvatar can't reach a room of ours, and what to do: sessions would be billed for nothing."""
    if settings.room_owner != "ours" or not settings.avatars_url or not settings.is_avatar_remote:
        return []
    if is_on_the_internet(settings.avatars_url):
        return []
    name = "LIVEKIT_PUBLIC_URL" if settings.livekit_public_url else "LIVEKIT_URL"
    problem = f"{name}: LiveAvatar joins over the internet and can't reach {settings.avatars_url}"
    return [f"{problem}: use LiveKit Cloud, set LIVEKIT_PUBLIC_URL to a public address, or ROOM_OWNER=liveavatar"]


def _are_swapped(settings: Settings) -> bool:
    key, secret = settings.livekit_api_key, settings.livekit_api_secret.get_secret_value()
    is_key = secret.startswith(_LIVEKIT_KEY) and len(secret) < _LIVEKIT_SECRET_LENGTH
    return is_key and len(key) >= _LIVEKIT_SECRET_LENGTH


def missing_livekit(settings: Settings) -> list[str]:
    """List the missing settings of the LiveKit project."""
    values = {
        "LIVEKIT_URL": settings.livekit_url,
        "LIVEKIT_API_KEY": settings.livekit_api_key,
        "LIVEKIT_API_SECRET": settings.livekit_api_secret.get_secret_value(),
    }
    hint = "from cloud.livekit.io or your own server; `make demo` needs none"
    return [f"{name} is missing: {hint}" for name, value in values.items() if not value]


def _missing_keys(settings: Settings) -> list[str]:
    missing = [vendor.name for vendor in settings.vendors if not vendor.key.get_secret_value()]
    return [
        "{} is missing: get one at {}".format(*_VENDOR_KEYS[name])
        for name in missing
        if name != "openai" or settings.azure is None
    ]


def _missing_azure(settings: Settings) -> list[str]:
    """List the missing settings of Azure OpenAI; the client library needs all of them with the endpoint."""
    azure = settings.azure
    if azure is None:
        return []
    problems = []
    if not azure.key.get_secret_value():
        problems.append("AZURE_OPENAI_API_KEY is missing: it is in the Azure portal, next to the endpoint")
    if not azure.api_version:
        problems.append("OPENAI_API_VERSION is missing: AZURE_OPENAI_ENDPOINT needs one, such as 2024-10-21")
    if settings.openai_base_url:
        problems.append("OPENAI_BASE_URL and AZURE_OPENAI_ENDPOINT are both set: leave one of them out")
    return problems


def _missing_fallback_keys(settings: Settings) -> list[str]:
    speech = settings.openai_speech
    if speech.key.get_secret_value() and not speech.is_stand_in:
        return []
    wanted = {"FALLBACK_STT": settings.fallback_stt, "FALLBACK_TTS": settings.fallback_tts}
    why = "the stand-in has no speech" if speech.is_stand_in else "Azure's key is only for the language model"
    return [f"{name}={vendor} needs OPENAI_API_KEY: {why}" for name, vendor in wanted.items() if vendor]


def _missing_embeddings(settings: Settings) -> list[str]:
    vendor = settings.embeddings
    if vendor is not None:
        problem = "EMBEDDINGS_MODEL needs a key: set OPENAI_API_KEY, EMBEDDINGS_API_KEY or EMBEDDINGS_BASE_URL"
        return [] if vendor.key.get_secret_value() else [problem]
    given = {
        "EMBEDDINGS_BASE_URL": settings.embeddings_base_url,
        "EMBEDDINGS_API_KEY": settings.embeddings_api_key.get_secret_value(),
    }
    return [f"{name} is set without EMBEDDINGS_MODEL: name the model" for name, value in given.items() if value]


def _problem(error: Mapping[str, Any]) -> str:
    """Describe a value that pydantic refused, in a sentence."""
    field, explain = str(error["loc"][0]), _REASONS.get(error["type"])
    reason = explain(error.get("ctx", {})) if explain else error["msg"]
    name = field.upper()
    value = _LOGIN.sub("//...@", os.environ.get(name, ""))
    limit = _KEY_SHOWN if _KEY.fullmatch(value) else _SHOWN
    shown = value if len(value) <= limit else f"{value[:limit]}..."
    return f"{name}: {'the key' if is_secret(field) else repr(shown)} {reason}"
