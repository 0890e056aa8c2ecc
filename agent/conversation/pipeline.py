"""Speech-to-text, language model and text-to-speech: the plugins, their fallbacks, and how turns are taken."""

import sys
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from livekit.agents import (
    NOT_GIVEN,
    AgentSession,
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
from livekit.agents.voice.turn import EndpointingOptions, InterruptionOptions
from livekit.plugins import deepgram, elevenlabs, openai
from livekit.plugins.elevenlabs.tts import DEFAULT_VOICE_ID

from agent.conversation.call_session import CallSession
from agent.conversation.completions import AzureCompletionsClient, CompletionsClient
from agent.conversation.patience import RESULT_CAME
from agent.conversation.unfinished import UnfinishedTurns
from agent.conversation.voice_gate import GatedVAD
from agent.conversation.voices import VoicesByLanguage
from agent.framework import ConnectedLLM, forward_messages, reporting_flux, reporting_stt
from agent.persona import Persona
from agent.settings import Settings, Vendor
from agent.settings.deepgram_models import MULTI, base_of
from agent.settings.turns import VOICE_ENDS_AFTER, TurnSettings
from agent.settings.voice import VoiceOptions
from agent.speech.pieces import PieceTokenizer
from agent.turns import turn_settings

# Set explicitly: without a base URL OpenAI's client uses OPENAI_BASE_URL, even for the second language model, which may
# be another vendor's.
OPENAI_URL = "https://api.openai.com/v1"
DEEPGRAM_URL = "https://api.deepgram.com/v1/listen"

# Seconds to connect, and for the first audio of a text: both vendors take less than one.
_SPEECH_TIMEOUT = 5.0

_RETRY_INTERVAL = 0.5

# An answer is generated and synthesised as soon as a transcript is final, before the turn has ended, so that its first
# word is ready at the end of the turn. If the caller goes on, the answer is dropped: at most this many in a turn, and
# none once the caller has spoken for so many seconds, since callers pause often in long speech.
_PREEMPTIVE_TRIES = 2
_PREEMPTIVE_SPEECH = 10.0

# Flux's confidence in the end of a turn at which an answer is begun: 0.3 to 0.9; the turn ends at 0.7
# (developers.deepgram.com/docs/flux/configuration). LiveKit's own inference uses 0.5 (DeepgramFluxOptions).
_EAGER_TURN_END = 0.5

# Suffix of the ElevenLabs models that take a language; others detect it from the text.
_ENFORCED = "_v2_5"

# Servers that accept `strict` tool schemas and don't write thoughts into answers.
_OPENAI_HOSTS = ("api.openai.com", ".openai.azure.com", ".api.openai.com")


@cache
def load_vad() -> VAD:
    """Load Silero's voice activity detection, once for a process and its forks: it takes a moment, and 17 MB."""
    return GatedVAD.load(min_silence_duration=VOICE_ENDS_AFTER)


def build_session(settings: Settings, persona: Persona, vad: VAD) -> CallSession:
    """Build an agent session that is ready to start.

    Raises:
        SettingsError: The settings of turns contradict each other.
    """
    return CallSession(
        vad=vad,
        stt=build_ear(settings, persona, vad),
        llm=build_model(settings, persona),
        tts=build_voice(settings, persona),
        turn_handling=turn_handling(settings, turn_settings(settings, persona)),
        # Captions and interrupted messages follow the times of words that ElevenLabs reports.
        use_tts_aligned_transcript=True,
        # `PersonaAgent` turns answers into speech itself; other texts are spoken word for word.
        tts_text_transforms=None,
        tool_handling={
            "async_options": {"reply_at_tail_template": RESULT_CAME, "reply_maybe_covered_template": RESULT_CAME}
        },
        conn_options=connect_options(settings),
    )


def connect_options(settings: Settings) -> SessionConnectOptions:
    """Return how long a vendor may take, and how often it is asked again, before the caller hears an apology.

    If there is a second vendor, it is asked instead of the first one again.
    """
    return SessionConnectOptions(
        stt_conn_options=APIConnectOptions(timeout=_SPEECH_TIMEOUT, retry_interval=_RETRY_INTERVAL),
        llm_conn_options=APIConnectOptions(
            timeout=settings.llm_timeout, max_retry=0 if settings.openai_fallback else 1, retry_interval=_RETRY_INTERVAL
        ),
        tts_conn_options=APIConnectOptions(
            timeout=_SPEECH_TIMEOUT, max_retry=0 if settings.fallback_tts else 1, retry_interval=_RETRY_INTERVAL
        ),
        # The framework would end the call without a word at the fourth failure in a row. Here the caller hears of each
        # failure, and can go on or hang up.
        max_unrecoverable_errors=sys.maxsize,
    )


def build_stt(settings: Settings, persona: Persona) -> deepgram.STT:
    """Build Deepgram's speech-to-text, or its stand-in's."""
    vendor = settings.deepgram
    return reporting_stt(
        model=settings.deepgram_model,
        language=persona.language,
        api_key=vendor.key.get_secret_value(),
        base_url=vendor.url or DEEPGRAM_URL,
        **persona.hearing.of_plugin(settings.deepgram_model),
    )


def build_flux(settings: Settings, persona: Persona) -> deepgram.STTv2:
    """Build Deepgram's Flux, or its stand-in's; it detects the end of turns itself, also a possible end."""
    vendor, language = settings.deepgram, persona.language
    return reporting_flux(
        model=settings.deepgram_model,
        language_hint=[] if language == MULTI or settings.deepgram_model == "flux-general-en" else [base_of(language)],
        eager_eot_threshold=_EAGER_TURN_END,
        api_key=vendor.key.get_secret_value(),
        base_url=flux_url(vendor.url),
        **persona.hearing.of_plugin(settings.deepgram_model),
    )


def flux_url(url: str | None) -> str:
    """Return the address of Flux, given the address of Deepgram's other models."""
    return (url or DEEPGRAM_URL).replace("/v1/listen", "/v2/listen")


def build_llm(settings: Settings, persona: Persona) -> openai.LLM:
    """Build the language model of OpenAI, Azure, another server with OpenAI's protocol, or the stand-in."""
    name = persona.model.name or settings.openai_model
    options = persona.model.request()
    if (azure := settings.azure) is not None:
        client = AzureCompletionsClient(
            api_key=azure.key.get_secret_value(),
            endpoint=azure.endpoint,
            deployment=persona.model.name or azure.deployment,
            api_version=azure.api_version,
        )
        return ConnectedLLM(connect=client.connect, is_openai=True, model=name, client=client, **options)
    return _llm(settings.openai, name, options)


def build_tts(settings: Settings, persona: Persona) -> elevenlabs.TTS:
    """Build ElevenLabs' text-to-speech with the persona's voice, or that of its stand-in."""
    return _tts(settings, persona.voice, persona.language)


def _tts(settings: Settings, options: VoiceOptions, language: str) -> elevenlabs.TTS:
    vendor, model = settings.elevenlabs, options.model or settings.eleven_model
    voice = elevenlabs.TTS(
        model=model,
        api_key=vendor.key.get_secret_value(),
        # The avatar's own format; the plugin's default is mp3 at 22.05 kHz.
        encoding="pcm_24000",
        voice_id=options.id or DEFAULT_VOICE_ID,
        voice_settings=_voice_settings(options),
        language=_spoken_language(model, language),
        base_url=vendor.url or NOT_GIVEN,
        # Times of the text as written; the other alignment has Chinese in Latin letters and numbers in words.
        preferred_alignment="original",
        word_tokenizer=PieceTokenizer(),
    )
    # The plugin keeps its WebSocket after a time-out; if that is half-open, every later text would fail. Setting any
    # option makes the plugin open another.
    voice.on("error", lambda _: voice.update_options(pronunciation_dictionary_locators=[]))
    return voice


def build_ear(settings: Settings, persona: Persona, vad: VAD | None) -> stt.STT[Any]:
    """Build the speech-to-text of the persona's language, with its fallback."""
    first = build_flux(settings, persona) if settings.has_own_turns else build_stt(settings, persona)
    if settings.fallback_stt is None:
        return first
    vendor = settings.openai_speech
    second = openai.STT(
        language=persona.language, api_key=vendor.key.get_secret_value(), base_url=vendor.url or OPENAI_URL
    )
    both = stt.FallbackAdapter(
        [first, second], vad=vad, attempt_timeout=_SPEECH_TIMEOUT, retry_interval=_RETRY_INTERVAL
    )
    forward_messages(first, both)
    return both


def build_voice(settings: Settings, persona: Persona) -> tts.TTS[Any]:
    """Build the text-to-speech of the persona: one voice, or one for each language; each with its fallback."""
    own = _with_fallback(settings, build_tts(settings, persona))
    if not persona.languages:
        return own
    others = {
        code: _with_fallback(settings, _tts(settings, of_language(persona, code), code)) for code in persona.languages
    }
    return VoicesByLanguage(own, others)


def of_language(persona: Persona, code: str) -> VoiceOptions:
    """Return the voice of one of the persona's languages; the persona's own if the language names none."""
    voice = persona.languages[code].voice
    return voice if voice != VoiceOptions() else persona.voice


def _with_fallback(settings: Settings, first: elevenlabs.TTS) -> tts.TTS[Any]:
    if settings.fallback_tts is None:
        return first
    vendor = settings.openai_speech
    second = openai.TTS(api_key=vendor.key.get_secret_value(), base_url=vendor.url or OPENAI_URL, response_format="pcm")
    streamed = tts.StreamAdapter(tts=second, sentence_tokenizer=PieceTokenizer())
    return tts.FallbackAdapter([first, streamed], max_retry_per_tts=0)


def turn_handling(settings: Settings, turns: TurnSettings) -> TurnHandlingOptions:
    """Return how turns are taken. All is explicit: by default the framework uses a cloud model in some modes."""
    by_silence = settings.turn_detection == "vad"
    detector: Any = UnfinishedTurns() if by_silence else inference.TurnDetector(version="v1-mini")
    if settings.has_own_turns:
        detector = "stt"
    return TurnHandlingOptions(
        turn_detection=detector,
        endpointing=_endpointing(turns),
        interruption={"enabled": True, "mode": "vad", "resume_false_interruption": True, **_interruption(turns)},
        preemptive_generation={
            "enabled": True,
            "preemptive_tts": True,
            "max_speech_duration": _PREEMPTIVE_SPEECH,
            "max_retries": _PREEMPTIVE_TRIES,
        },
    )


def take_turns(session: AgentSession[Any], turns: TurnSettings) -> None:
    """Change how turns are taken while the session runs: another persona has taken over."""
    session.update_options(endpointing_opts=_endpointing(turns))
    # The framework reads them from here each time, and has no method to change them.
    session.options.interruption.update(_interruption(turns))


def _endpointing(turns: TurnSettings) -> EndpointingOptions:
    return {"mode": "fixed", "min_delay": turns.min_endpointing_delay, "max_delay": turns.max_endpointing_delay}


def _interruption(turns: TurnSettings) -> InterruptionOptions:
    """Return the options by which voice pauses the agent, and the agent resumes where it was if no word follows."""
    return {
        "min_duration": turns.min_interruption_duration,
        "min_words": turns.min_interruption_words,
        "false_interruption_timeout": turns.false_interruption_timeout,
    }


def _spoken_language(model: str, language: str) -> NotGivenOr[str]:
    """Return the language's two letters in ISO 639-1: `en` for `en-US`; NOT_GIVEN for Deepgram's `multi`."""
    code = LanguageCode(language).language
    return code if model.endswith(_ENFORCED) and len(code) == 2 else NOT_GIVEN  # noqa: PLR2004


def _voice_settings(options: VoiceOptions) -> NotGivenOr[elevenlabs.VoiceSettings]:
    """Return the settings that the persona has; the others stay as the voice's owner has set them."""
    if not (given := options.given()):
        return NOT_GIVEN
    # The plugin requires these two, and does not send a value that is None.
    required: dict[str, Any] = {"stability": None, "similarity_boost": None}
    return elevenlabs.VoiceSettings(**required | given)


def build_model(settings: Settings, persona: Persona) -> llm.LLM[Any]:
    """Build the language model of the persona, with its fallback."""
    first = build_llm(settings, persona)
    if settings.openai_fallback is None:
        return first
    second = _llm(
        settings.openai_fallback, settings.openai_fallback_model or settings.openai_model, persona.model.request()
    )
    return llm.FallbackAdapter([first, second], attempt_timeout=settings.llm_timeout)


def _llm(vendor: Vendor, model: str, options: Mapping[str, Any]) -> openai.LLM:
    is_openai = vendor.is_stand_in or is_openai_host(vendor.url)
    client = CompletionsClient(
        api_key=vendor.key.get_secret_value(), base_url=vendor.url or OPENAI_URL, model=model, is_openai=is_openai
    )
    return ConnectedLLM(connect=client.connect, is_openai=is_openai, model=model, client=client, **options)


def is_openai_host(url: str | None) -> bool:
    """Return whether a base URL is OpenAI's own or Azure's; None is OpenAI's own."""
    host = urlsplit(url or "").hostname or ""
    return not url or any(host == known or (known[0] == "." and host.endswith(known)) for known in _OPENAI_HOSTS)
