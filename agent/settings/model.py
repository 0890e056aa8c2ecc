"""The settings: their names, types and defaults, and the access to each vendor."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from agent.settings import places, values
from agent.settings.call_fields import read_call_fields
from agent.settings.deepgram_models import is_flux
from agent.settings.state_dir import default_state_dir
from agent.settings.turns import TurnOptions
from avatar import SANDBOX_AVATAR_ID, VideoQuality
from avatar.api import DEFAULT_API_URL

DEFAULT_PERSONA = Path(__file__).parents[1] / "personas" / "nova.toml"

# The one key that every stand-in accepts.
STAND_IN_KEY = "stand-in"

# Fewest megabytes for a call's process. One took 114 with its share of common pages; with less every call would end.
_LEAST_MEMORY = 200

# For servers without accounts, such as Ollama: the client requires a key.
_NO_KEY = "none"


class SettingsError(Exception):
    """Settings are missing or wrong.

    Args:
        problems: One line for each, with the variable's name and what to do.
    """

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(["settings are missing or wrong:", *(f"  {problem}" for problem in problems)]))


@dataclass(frozen=True, slots=True)
class Vendor:
    """Access to one vendor.

    Attributes:
        name: The vendor's name.
        key: Its API key.
        url: Its base URL; None for the plugin's default.
        is_stand_in: True for a stand-in.
    """

    name: str
    key: SecretStr
    url: str | None
    is_stand_in: bool


@dataclass(frozen=True, slots=True)
class Azure:
    """Access to the language model of an Azure OpenAI resource.

    Attributes:
        endpoint: URL of the resource.
        deployment: Name of the model's deployment.
        api_version: Version of Azure's API, such as `2024-10-21`.
        key: API key of the resource.
    """

    endpoint: str
    deployment: str
    api_version: str
    key: SecretStr


def _cleaned(clean: Callable[[str], object]) -> BeforeValidator:
    """Clean a value from the environment; values given in code stay unchanged."""
    return BeforeValidator(lambda value: clean(value) if isinstance(value, str) else value)


def _enough_for_a_call(megabytes: int) -> int:
    if 0 < megabytes < _LEAST_MEMORY:
        message = f"is less than a call may take: give {_LEAST_MEMORY} or more, or 0 for no limit"
        raise ValueError(message)
    return megabytes


TurnDetection = Literal["vad", "model"]

Text = Annotated[str, _cleaned(values.clean)]
Key = Annotated[str, _cleaned(values.key)]
Secret = Annotated[SecretStr, _cleaned(values.key)]
WebAddress = Annotated[str, _cleaned(values.web_address)]
LiveKitAddress = Annotated[str, _cleaned(values.livekit_address)]
Number = Annotated[float, Field(allow_inf_nan=False), _cleaned(values.clean)]
Integer = Annotated[int, _cleaned(values.clean)]
OptionalPort = Annotated[int | None, Field(ge=0, le=65535), _cleaned(values.port)]
OptionalVendor = Annotated[Literal["openai"] | None, _cleaned(values.word_or_none)]
YesNo = Annotated[bool, _cleaned(values.word)]
FilePath = Annotated[Path, _cleaned(values.path)]
OptionalPath = Annotated[Path | None, _cleaned(values.path)]


class Settings(TurnOptions, BaseSettings):
    """All settings, under the vendors' names where there are any. `.env.example` explains each."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    livekit_url: LiveKitAddress = ""
    livekit_api_key: Key = ""
    livekit_api_secret: Secret = SecretStr("")
    livekit_agent_name: Text = ""
    livekit_public_url: LiveKitAddress = ""

    deepgram_api_key: Secret = SecretStr("")
    deepgram_base_url: Annotated[str, _cleaned(values.deepgram_address)] = ""
    deepgram_model: Text = "nova-3"

    openai_api_key: Secret = SecretStr("")
    openai_base_url: Annotated[str, _cleaned(values.openai_address)] = ""
    openai_model: Text = "gpt-4.1-mini"
    openai_fallback_api_key: Secret = SecretStr("")
    openai_fallback_base_url: Annotated[str, _cleaned(values.openai_address)] = ""
    openai_fallback_model: Text = ""
    azure_openai_endpoint: Annotated[str, _cleaned(values.azure_address)] = ""
    azure_openai_api_key: Secret = SecretStr("")
    azure_openai_deployment: Text = ""
    openai_api_version: Text = ""
    llm_timeout: Number = Field(default=30.0, gt=0)

    eleven_api_key: Secret = SecretStr("")
    eleven_base_url: Annotated[str, _cleaned(values.elevenlabs_address)] = ""
    eleven_model: Text = "eleven_flash_v2_5"

    liveavatar_api_key: Secret = SecretStr("")
    liveavatar_api_url: Annotated[str, _cleaned(values.liveavatar_address)] = ""
    liveavatar_avatar_id: Key = ""
    liveavatar_sandbox: YesNo = False
    liveavatar_video_quality: Annotated[VideoQuality, _cleaned(values.word)] = "high"
    liveavatar_record: OptionalPath = None

    room_owner: Annotated[Literal["ours", "liveavatar"], _cleaned(values.word)] = "ours"
    web_port: OptionalPort = None
    web_host: Text = "127.0.0.1"
    web_secret: Annotated[SecretStr, _cleaned(values.passphrase)] = SecretStr("")
    trusted_proxies: Annotated[str, _cleaned(values.networks)] = ""
    unjoined_calls: Integer = Field(default=20, ge=0)
    unjoined_calls_per_client: Integer = Field(default=2, ge=0)
    avatar_starts: Annotated[Literal["token", "join"] | None, _cleaned(values.word)] = None
    web_frame_ancestors: Annotated[str, _cleaned(values.origins)] = ""
    web_origins: Annotated[str, _cleaned(values.exact_origins)] = ""
    renderer_sessions: Integer = Field(default=5, ge=1)
    renderer_minutes: Number = Field(default=10.0, gt=0)
    worker_port: OptionalPort = None
    metrics_port: OptionalPort = None
    metrics_host: Text = "127.0.0.1"
    otel_exporter_otlp_endpoint: WebAddress = ""
    otel_exporter_otlp_headers: Annotated[SecretStr, _cleaned(values.clean)] = SecretStr("")
    port: OptionalPort = None
    idle_processes: Annotated[int | None, Field(ge=0), _cleaned(values.clean)] = None
    chat_transcript: YesNo = False

    reports: Annotated[str, _cleaned(places.report_store)] = ""
    report_transcript: Annotated[Literal["full", "redacted", "none"], _cleaned(values.word)] = "full"
    report_tools: Annotated[Literal["names", "full"], _cleaned(values.word)] = "names"
    prices: OptionalPath = None
    record: Annotated[str, _cleaned(places.bucket)] = ""
    webhook_url: Text = ""
    webhook_secret: Annotated[SecretStr, _cleaned(places.webhook_secret)] = SecretStr("")
    webhook_loopback: YesNo = False

    stand_ins_url: WebAddress = ""
    persona: FilePath = DEFAULT_PERSONA
    personas_dir: OptionalPath = None
    call_fields: Annotated[frozenset[str], NoDecode, _cleaned(read_call_fields)] = frozenset({"persona"})
    embeddings_model: Text = ""
    embeddings_base_url: Annotated[str, _cleaned(values.openai_address)] = ""
    embeddings_api_key: Secret = SecretStr("")
    knowledge_networks: Annotated[str, _cleaned(values.networks)] = ""
    turn_detection: Annotated[TurnDetection, _cleaned(values.word)] = "vad"
    auto_gain_control: YesNo = True
    echo_gate: YesNo = True
    fallback_stt: OptionalVendor = None
    fallback_tts: OptionalVendor = None
    caller_grace: Number = Field(default=15.0, ge=0)
    minutes_per_call: Number = Field(default=0.0, ge=0)
    minutes_per_day: Number = Field(default=0.0, ge=0)
    lowest_credits: Number = Field(default=0.0, ge=0)
    end_warning_seconds: Number = Field(default=30.0, ge=0)
    avatar_idle_seconds: Number = Field(default=300.0, ge=0)
    call_idle_seconds: Number = Field(default=1800.0, ge=0)
    sip_avatar: YesNo = False
    max_calls: Integer = Field(default=0, ge=0)
    job_memory_limit: Annotated[Integer, AfterValidator(_enough_for_a_call)] = 1000
    drain_timeout: Integer = Field(default=3600, ge=0)
    stop_grace: Annotated[int | None, Field(ge=0), _cleaned(values.clean)] = None
    state_url: Annotated[SecretStr, _cleaned(values.state_address)] = SecretStr("")
    state_away: Annotated[Literal["local", "voice"], _cleaned(values.word)] = "local"
    avatar_slots: Integer = Field(default=0, ge=0)
    no_slot: Annotated[Literal["refuse", "wait", "voice"], _cleaned(values.word)] = "voice"
    keep_conversation: YesNo = True
    state_dir: FilePath = Field(default_factory=lambda: default_state_dir(os.environ))

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, given: Any) -> Any:
        """Treat empty quotes, and a comment without a value, like a variable that is not set."""
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if not isinstance(value, str) or values.clean(value)}

    @property
    def callers_url(self) -> str:
        """URL at which callers reach the LiveKit server; the worker may use another one."""
        return self.livekit_public_url or self.livekit_url

    @property
    def avatars_url(self) -> str:
        """URL at which the avatar reaches the LiveKit server: the callers' for LiveAvatar, else the worker's."""
        return self.callers_url if self.is_avatar_remote else self.livekit_url

    @property
    def avatar_service_url(self) -> str:
        """URL of the avatar's service, without an API path; the journal tells services apart by it."""
        url = self.liveavatar.url or DEFAULT_API_URL
        return url.rstrip("/").removesuffix("/sessions").removesuffix("/v1")

    @property
    def is_avatar_remote(self) -> bool:
        """True for LiveAvatar itself, which joins a room over the internet."""
        return self.avatar_service_url == DEFAULT_API_URL

    @property
    def secret(self) -> str:
        """The secret that front ends must send to get a token; empty if there is none."""
        return "" if self.is_open_on_purpose else self.web_secret.get_secret_value()

    @property
    def is_open_on_purpose(self) -> bool:
        """True if everybody who reaches the page may call: WEB_SECRET explicitly says that there is no secret."""
        return self.web_secret.get_secret_value() == values.NO_SECRET

    @property
    def starts_before_join(self) -> bool:
        """Whether agent and avatar are started as soon as a caller has a token.

        If everybody may get tokens, they are started when the caller has joined, unless AVATAR_STARTS says otherwise.
        """
        return self.avatar_starts == "token" or (self.avatar_starts is None and not self.is_open_on_purpose)

    @property
    def deepgram(self) -> Vendor:
        """Speech-to-text."""
        return self._vendor("deepgram", self.deepgram_api_key, real_url=self.deepgram_base_url, path="/v1/listen")

    @property
    def has_own_turns(self) -> bool:
        """Whether speech-to-text itself finds the end of a turn, as Deepgram's Flux does."""
        return is_flux(self.deepgram_model)

    @property
    def azure(self) -> Azure | None:
        """The language model's Azure OpenAI resource; None if it is OpenAI's or your own server."""
        if not self.azure_openai_endpoint:
            return None
        deployment = self.azure_openai_deployment or self.openai_model
        return Azure(self.azure_openai_endpoint, deployment, self.openai_api_version, self.azure_openai_api_key)

    @property
    def openai(self) -> Vendor:
        """The language model; with a base URL it is not a stand-in, even without a key."""
        if self.azure is not None:
            return Vendor("openai", self.azure.key, self.azure.endpoint, is_stand_in=False)
        return self.openai_speech

    @property
    def openai_speech(self) -> Vendor:
        """OpenAI as a second speech-to-text or text-to-speech; an Azure resource is only for the language model."""
        key = self.openai_api_key
        if self.openai_base_url and not key.get_secret_value():
            key = SecretStr(_NO_KEY)
        return self._vendor("openai", key, real_url=self.openai_base_url, path="/v1")

    @property
    def openai_fallback(self) -> Vendor | None:
        """The language model that answers when the first one does not; None if there is none."""
        key, url = self.openai_fallback_api_key, self.openai_fallback_base_url
        if not key.get_secret_value() and not url:
            return None
        return Vendor("openai", key if key.get_secret_value() else SecretStr(_NO_KEY), url or None, is_stand_in=False)

    @property
    def embeddings(self) -> Vendor | None:
        """The endpoint for embeddings; None if knowledge is searched by full text only.

        The language model's key is sent only to the language model's server.
        """
        if not self.embeddings_model:
            return None
        key = self.embeddings_api_key
        if self.embeddings_base_url:
            key = key if key.get_secret_value() else SecretStr(_NO_KEY)
            return Vendor("embeddings", key, self.embeddings_base_url, is_stand_in=False)
        openai = self.openai_speech
        key = key if key.get_secret_value() else openai.key
        return Vendor("embeddings", key, openai.url, is_stand_in=openai.is_stand_in)

    @property
    def elevenlabs(self) -> Vendor:
        """Text-to-speech."""
        return self._vendor("elevenlabs", self.eleven_api_key, real_url=self.eleven_base_url, path="/v1")

    @property
    def liveavatar(self) -> Vendor:
        """The avatar."""
        return self._vendor("liveavatar", self.liveavatar_api_key, real_url=self.liveavatar_api_url, path="")

    @property
    def vendors(self) -> tuple[Vendor, ...]:
        """All four, in the order of a turn."""
        return (self.deepgram, self.openai, self.elevenlabs, self.liveavatar)

    @property
    def stand_ins(self) -> list[str]:
        """Names of the vendors that are stand-ins."""
        return [vendor.name for vendor in self.vendors if vendor.is_stand_in]

    def avatar_id(self, of_persona: str = "") -> str:
        """Return the avatar's id: the setting, else the persona's; in sandbox sessions there is only one avatar."""
        if self.liveavatar_sandbox or self.liveavatar.is_stand_in:
            return self.liveavatar_avatar_id or SANDBOX_AVATAR_ID
        return self.liveavatar_avatar_id or of_persona

    def _vendor(self, name: str, key: SecretStr, *, real_url: str, path: str) -> Vendor:
        if key.get_secret_value() or not self.stand_ins_url:
            return Vendor(name, key, real_url or None, is_stand_in=False)
        return Vendor(name, SecretStr(STAND_IN_KEY), f"{self.stand_ins_url}/{name}{path}", is_stand_in=True)


def is_secret(field: str) -> bool:
    """Return whether a setting's value is never shown."""
    return Settings.model_fields[field].annotation is SecretStr or field == "livekit_api_key"
