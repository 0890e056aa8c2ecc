"""Hears, thinks and speaks: the plugins, who takes over when one fails, and how turns are taken."""

import sys
from typing import Any

from livekit.agents import (
    NOT_GIVEN,
    APIConnectOptions,
    LanguageCode,
    NotGivenOr,
    TurnHandlingOptions,
    inference,
    llm,
    stt,
    tts,
)
from livekit.agents.vad import VAD
from livekit.agents.voice.agent_session import SessionConnectOptions
from livekit.plugins import deepgram, elevenlabs, openai, silero
from livekit.plugins.elevenlabs.tts import DEFAULT_VOICE_ID

from agent.conversation.call_session import CallSession
from agent.persona import Persona
from agent.settings import Settings, TurnDetection, Vendor

# Said outright: without a base URL OpenAI's client takes OPENAI_BASE_URL, also for the second language model, which may
# be another vendor's.
_OPENAI_URL = "https://api.openai.com/v1"
_DEEPGRAM_URL = "https://api.deepgram.com/v1/listen"

_SPEECH_TIMEOUT = 5.0
# Seconds to connect, and for the first audio of a text: both vendors take less than one.

_RETRY_INTERVAL = 0.5

_END_OF_SPEECH: dict[TurnDetection, float] = {"vad": 0.55, "model": 0.25}
# Seconds of silence: the plugin's own, and the least that the model wants, which then decides by what was said.

_ENFORCED = "_v2_5"
# How the names of ElevenLabs' models end that speak the language they are told; others tell it by the text.


def load_vad(turn_detection: TurnDetection = "vad") -> VAD:
    """Load Silero's voice activity detection; it takes a moment, so a process does it before its first job."""
    return silero.VAD.load(min_silence_duration=_END_OF_SPEECH[turn_detection])


def build_session(settings: Settings, persona: Persona, vad: VAD) -> CallSession:
    """Make an agent session that is ready to start."""
    return CallSession(
        vad=vad,
        stt=build_ear(settings, persona, vad),
        llm=_thinking(settings),
        tts=build_voice(settings, persona),
        turn_handling=turn_handling(settings),
        # Captions and the interrupted message follow the words that ElevenLabs says it spoke.
        use_tts_aligned_transcript=True,
        conn_options=connect_options(settings),
    )


def connect_options(settings: Settings) -> SessionConnectOptions:
    """How long a vendor may take, and how often it is asked again, before the caller hears an apology.

    A second vendor is asked instead of the first one again.
    """
    return SessionConnectOptions(
        stt_conn_options=APIConnectOptions(timeout=_SPEECH_TIMEOUT, retry_interval=_RETRY_INTERVAL),
        llm_conn_options=APIConnectOptions(
            timeout=settings.llm_timeout, max_retry=0 if settings.openai_fallback else 1, retry_interval=_RETRY_INTERVAL
        ),
        tts_conn_options=APIConnectOptions(
            timeout=_SPEECH_TIMEOUT, max_retry=0 if settings.fallback_tts else 1, retry_interval=_RETRY_INTERVAL
        ),
        # The framework would end the call, without a word, at the fourth failure in a row. Each is told to the caller,
        # who can go on or hang up.
        max_unrecoverable_errors=sys.maxsize,
    )


def build_stt(settings: Settings, persona: Persona) -> deepgram.STT:
    """Deepgram, or what stands in for it."""
    vendor = settings.deepgram
    return deepgram.STT(
        model=settings.deepgram_model,
        language=persona.language,
        api_key=vendor.key.get_secret_value(),
        base_url=vendor.url or _DEEPGRAM_URL,
    )


def build_llm(settings: Settings) -> openai.LLM:
    """OpenAI, Azure OpenAI, a server that speaks its protocol, or what stands in for it."""
    if (azure := settings.azure) is not None:
        return openai.LLM.with_azure(
            model=settings.openai_model,
            azure_endpoint=azure.endpoint,
            azure_deployment=azure.deployment,
            api_version=azure.api_version,
            api_key=azure.key.get_secret_value(),
        )
    return _llm(settings.openai, settings.openai_model)


def build_tts(settings: Settings, persona: Persona) -> elevenlabs.TTS:
    """ElevenLabs, or what stands in for it."""
    vendor = settings.elevenlabs
    voice = elevenlabs.TTS(
        model=settings.eleven_model,
        api_key=vendor.key.get_secret_value(),
        # The avatar's own format; the plugin's default is mp3 at 22.05 kHz.
        encoding="pcm_24000",
        voice_id=persona.voice or DEFAULT_VOICE_ID,
        language=_spoken_language(settings, persona),
        base_url=vendor.url or NOT_GIVEN,
    )
    # The plugin keeps its WebSocket after a time-out, so that on one that is half-open every later text would fail.
    # Setting an option, be it to what it was, is how one makes it open another.
    voice.on("error", lambda _: voice.update_options(pronunciation_dictionary_locators=[]))
    return voice


def build_ear(settings: Settings, persona: Persona, vad: VAD | None) -> stt.STT[Any]:
    """What hears the persona's language, and what does when it can't."""
    first = build_stt(settings, persona)
    if settings.fallback_stt is None:
        return first
    vendor = settings.openai_speech
    second = openai.STT(
        language=persona.language, api_key=vendor.key.get_secret_value(), base_url=vendor.url or _OPENAI_URL
    )
    return stt.FallbackAdapter(
        [first, second], vad=vad, attempt_timeout=_SPEECH_TIMEOUT, retry_interval=_RETRY_INTERVAL
    )


def build_voice(settings: Settings, persona: Persona) -> tts.TTS[Any]:
    """The persona's voice, and who speaks when it can't."""
    first = build_tts(settings, persona)
    if settings.fallback_tts is None:
        return first
    vendor = settings.openai_speech
    second = openai.TTS(
        api_key=vendor.key.get_secret_value(), base_url=vendor.url or _OPENAI_URL, response_format="pcm"
    )
    return tts.FallbackAdapter([first, second], max_retry_per_tts=0)


def turn_handling(settings: Settings) -> TurnHandlingOptions:
    """How turns are taken, said outright: left alone, the framework picks a model in the cloud in some modes."""
    is_vad = settings.turn_detection == "vad"
    detector: Any = "vad" if is_vad else inference.TurnDetector(version="v1-mini")
    return TurnHandlingOptions(
        turn_detection=detector,
        # For its model the framework has delays of its own, which are tuned to it.
        endpointing={"mode": "fixed", "min_delay": 0.5, "max_delay": 3.0} if is_vad else {},
        # A noise pauses the avatar; without a word in two seconds it goes on from where it was.
        interruption={
            "enabled": True,
            "mode": "vad",
            "min_duration": 0.5,
            "resume_false_interruption": True,
            "false_interruption_timeout": 2.0,
        },
        preemptive_generation={"enabled": True},
    )


def _spoken_language(settings: Settings, persona: Persona) -> NotGivenOr[str]:
    """In ISO 639-1, which has two letters: `en-US` is `en`, and Deepgram's `multi` none."""
    code = LanguageCode(persona.language).language
    return code if settings.eleven_model.endswith(_ENFORCED) and len(code) == 2 else NOT_GIVEN  # noqa: PLR2004


def _thinking(settings: Settings) -> llm.LLM[Any]:
    first = build_llm(settings)
    if settings.openai_fallback is None:
        return first
    second = _llm(settings.openai_fallback, settings.openai_fallback_model or settings.openai_model)
    return llm.FallbackAdapter([first, second], attempt_timeout=settings.llm_timeout)


def _llm(vendor: Vendor, model: str) -> openai.LLM:
    return openai.LLM(model=model, api_key=vendor.key.get_secret_value(), base_url=vendor.url or _OPENAI_URL)
