"""The only reader of the environment and of `.env`; everything that is wrong with them is told at once."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from dotenv import load_dotenv
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from agent.rooms.reach import is_on_the_internet
from avatar import SANDBOX_AVATAR_ID, VideoQuality
from avatar.api import DEFAULT_API_URL

DEFAULT_PERSONA = Path(__file__).parent / "personas" / "nova.toml"

STAND_IN_KEY = "stand-in"
# The one key that every stand-in accepts.

_NO_KEY = "none"
# What servers without accounts, such as Ollama, are given: the client insists on a key.


class SettingsError(Exception):
    """Settings are missing or wrong.

    Args:
        problems: One line each, with the variable's name and what to do.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(["settings are missing or wrong:", *(f"  {problem}" for problem in problems)]))


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one vendor is reached.

    Attributes:
        name: Of the vendor.
        key: Its API key.
        url: Its base URL; None for the plugin's own.
        is_stand_in: Whether it is a stand-in that says what it is told to say.
    """

    name: str
    key: SecretStr
    url: str | None
    is_stand_in: bool


def _stripped(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


TurnDetection = Literal["vad", "model"]

Text = Annotated[str, BeforeValidator(_stripped)]
Secret = Annotated[SecretStr, BeforeValidator(_stripped)]


def _default_state_dir() -> Path:
    """Where the XDG Base Directory Specification wants what is to survive a restart."""
    return Path(os.environ.get("XDG_STATE_HOME") or "~/.local/state", "liveavatar-agent").expanduser()


class Settings(BaseSettings):
    """All settings, by the names that the vendors gave them. `.env.example` explains each."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    livekit_url: Text = ""
    livekit_api_key: Text = ""
    livekit_api_secret: Secret = SecretStr("")
    livekit_agent_name: Text = ""
    livekit_public_url: Text = ""

    deepgram_api_key: Secret = SecretStr("")
    deepgram_model: Text = "nova-3"

    openai_api_key: Secret = SecretStr("")
    openai_base_url: Text = ""
    openai_model: Text = "gpt-4.1-mini"
    openai_fallback_api_key: Secret = SecretStr("")
    openai_fallback_base_url: Text = ""
    openai_fallback_model: Text = ""
    llm_timeout: float = Field(default=8.0, gt=0)

    eleven_api_key: Secret = SecretStr("")
    eleven_model: Text = "eleven_flash_v2_5"

    liveavatar_api_key: Secret = SecretStr("")
    liveavatar_api_url: Text = ""
    liveavatar_avatar_id: Text = ""
    liveavatar_sandbox: bool = False
    liveavatar_video_quality: VideoQuality = "high"

    room_owner: Literal["ours", "liveavatar"] = "ours"
    web_port: int | None = Field(default=None, ge=0, le=65535)
    web_host: Text = "127.0.0.1"
    web_secret: Secret = SecretStr("")
    chat_transcript: bool = False

    stand_ins_url: Text = ""
    persona: Path = DEFAULT_PERSONA
    turn_detection: TurnDetection = "vad"
    fallback_stt: Literal["openai"] | None = None
    fallback_tts: Literal["openai"] | None = None
    caller_grace: float = Field(default=15.0, ge=0)
    minutes_per_call: float = Field(default=0.0, ge=0)
    minutes_per_day: float = Field(default=0.0, ge=0)
    lowest_credits: float = Field(default=0.0, ge=0)
    end_warning_seconds: float = Field(default=30.0, ge=0)
    avatar_idle_seconds: float = Field(default=300.0, ge=0)
    call_idle_seconds: float = Field(default=1800.0, ge=0)
    sip_avatar: bool = False
    drain_timeout: int = Field(default=3600, ge=0)
    state_dir: Annotated[Path, AfterValidator(Path.expanduser)] = Field(default_factory=_default_state_dir)

    @property
    def callers_url(self) -> str:
        """Where callers reach the LiveKit server, which the worker may reach by another way."""
        return self.livekit_public_url or self.livekit_url

    @property
    def avatars_url(self) -> str:
        """Where the avatar reaches the LiveKit server: LiveAvatar from outside, as callers do; another as we do."""
        return self.callers_url if self.is_avatar_remote else self.livekit_url

    @property
    def avatar_service_url(self) -> str:
        """Of the avatar's service, without a path of its interface: by it the journal tells services apart."""
        url = self.liveavatar.url or DEFAULT_API_URL
        return url.rstrip("/").removesuffix("/sessions").removesuffix("/v1")

    @property
    def is_avatar_remote(self) -> bool:
        """Whether it is LiveAvatar itself, which joins a room over the internet."""
        return self.avatar_service_url == DEFAULT_API_URL

    @property
    def deepgram(self) -> Vendor:
        """Speech to text."""
        return self._vendor("deepgram", self.deepgram_api_key, real_url=None, path="/v1/listen")

    @property
    def openai(self) -> Vendor:
        """The language model; a base URL of its own makes it real, with or without a key."""
        key = self.openai_api_key
        if self.openai_base_url and not key.get_secret_value():
            key = SecretStr(_NO_KEY)
        return self._vendor("openai", key, real_url=self.openai_base_url or None, path="/v1")

    @property
    def openai_fallback(self) -> Vendor | None:
        """The language model that answers when the first one does not; None when there is none."""
        key, url = self.openai_fallback_api_key, self.openai_fallback_base_url
        if not key.get_secret_value() and not url:
            return None
        return Vendor("openai", key if key.get_secret_value() else SecretStr(_NO_KEY), url or None, is_stand_in=False)

    @property
    def elevenlabs(self) -> Vendor:
        """Text to speech."""
        return self._vendor("elevenlabs", self.eleven_api_key, real_url=None, path="/v1")

    @property
    def liveavatar(self) -> Vendor:
        """The avatar."""
        return self._vendor("liveavatar", self.liveavatar_api_key, real_url=self.liveavatar_api_url or None, path="")

    @property
    def vendors(self) -> tuple[Vendor, ...]:
        """All four, in the order of a turn."""
        return (self.deepgram, self.openai, self.elevenlabs, self.liveavatar)

    @property
    def stand_ins(self) -> list[str]:
        """Names of the vendors that are stand-ins."""
        return [vendor.name for vendor in self.vendors if vendor.is_stand_in]

    def avatar_id(self, of_persona: str = "") -> str:
        """Which avatar: the setting before the persona's; in sandbox sessions there is only one."""
        if self.liveavatar_sandbox or self.liveavatar.is_stand_in:
            return self.liveavatar_avatar_id or SANDBOX_AVATAR_ID
        return self.liveavatar_avatar_id or of_persona

    def _vendor(self, name: str, key: SecretStr, *, real_url: str | None, path: str) -> Vendor:
        if key.get_secret_value() or not self.stand_ins_url:
            return Vendor(name, key, real_url, is_stand_in=False)
        return Vendor(name, SecretStr(STAND_IN_KEY), f"{self.stand_ins_url.rstrip('/')}/{name}{path}", is_stand_in=True)


_VENDOR_KEYS = {
    "deepgram": ("DEEPGRAM_API_KEY", "console.deepgram.com"),
    "openai": ("OPENAI_API_KEY", "platform.openai.com, or set OPENAI_BASE_URL for a server of your own"),
    "elevenlabs": ("ELEVEN_API_KEY", "elevenlabs.io"),
    "liveavatar": ("LIVEAVATAR_API_KEY", "app.liveavatar.com"),
}


def read_env_file() -> dict[str, str]:
    """Add `.env` of the working directory to the environment, where the framework and its job processes see it too.

    What is set already stays as it is.

    Returns:
        The environment as it was before.
    """
    before = dict(os.environ)
    load_dotenv(Path.cwd() / ".env")
    return before


def load_settings() -> Settings:
    """Read the environment.

    Raises:
        SettingsError: A value can't be used; all of them are named.
    """
    try:
        return Settings()
    except ValidationError as error:
        # Without its cause: a traceback would show the values.
        raise SettingsError([_problem(dict(each)) for each in error.errors(include_input=False)]) from None


def complete_settings(*, of_persona: str = "") -> Settings:
    """Read the settings and make sure that a call can be made with them.

    Args:
        of_persona: The avatar id of the persona, which will do if there is none in the settings.

    Raises:
        SettingsError: Something is missing or wrong; all of it is named.
    """
    settings = load_settings()
    problems = [*_missing_keys(settings), *_missing_fallback_keys(settings)]
    if settings.room_owner == "ours":
        problems = [*_missing_livekit(settings), *out_of_reach(settings), *problems]
    if not settings.avatar_id(of_persona):
        problems.append("LIVEAVATAR_AVATAR_ID is missing: choose an avatar at app.liveavatar.com")
    if not settings.persona.is_file():
        problems.append(f"PERSONA names a file that does not exist: {settings.persona}")
    if problems:
        raise SettingsError(problems)
    return settings


def out_of_reach(settings: Settings) -> list[str]:
    """What keeps LiveAvatar from a room of ours, and the ways out: each call would buy a session for nothing."""
    if settings.room_owner != "ours" or not settings.avatars_url or not settings.is_avatar_remote:
        return []
    if is_on_the_internet(settings.avatars_url):
        return []
    name = "LIVEKIT_PUBLIC_URL" if settings.livekit_public_url else "LIVEKIT_URL"
    problem = f"{name}: LiveAvatar joins over the internet and can't reach {settings.avatars_url}"
    return [f"{problem}: use LiveKit Cloud, set LIVEKIT_PUBLIC_URL to a public address, or ROOM_OWNER=liveavatar"]


def _missing_livekit(settings: Settings) -> list[str]:
    values = {
        "LIVEKIT_URL": settings.livekit_url,
        "LIVEKIT_API_KEY": settings.livekit_api_key,
        "LIVEKIT_API_SECRET": settings.livekit_api_secret.get_secret_value(),
    }
    hint = "from cloud.livekit.io or your own server; `make demo` needs none"
    return [f"{name} is missing: {hint}" for name, value in values.items() if not value]


def _missing_keys(settings: Settings) -> list[str]:
    missing = (vendor for vendor in settings.vendors if not vendor.key.get_secret_value())
    return ["{} is missing: get one at {}".format(*_VENDOR_KEYS[vendor.name]) for vendor in missing]


def _missing_fallback_keys(settings: Settings) -> list[str]:
    if not settings.openai.is_stand_in:
        return []
    wanted = {"FALLBACK_STT": settings.fallback_stt, "FALLBACK_TTS": settings.fallback_tts}
    return [
        f"{name}={vendor} needs OPENAI_API_KEY: the stand-in has no speech" for name, vendor in wanted.items() if vendor
    ]


def _problem(error: dict[str, object]) -> str:
    location = error["loc"]
    name = str(location[0] if isinstance(location, tuple) and location else location)
    return f"{name.upper()}: {error['msg']}"
