"""Hears, thinks and speaks: the four plugins, and how turns are taken."""

from typing import Any

from livekit.agents import NOT_GIVEN, AgentSession, TurnHandlingOptions, inference
from livekit.agents.vad import VAD
from livekit.plugins import deepgram, elevenlabs, openai, silero
from livekit.plugins.elevenlabs.tts import DEFAULT_VOICE_ID

from agent.persona import Persona
from agent.settings import Settings

_DEEPGRAM_URL = "https://api.deepgram.com/v1/listen"


def load_vad() -> VAD:
    """Load Silero's voice activity detection; it takes a moment, so a process does it before its first job."""
    return silero.VAD.load()


def build_session(settings: Settings, persona: Persona, vad: VAD) -> AgentSession[Any]:
    """An agent session that is ready to start."""
    return AgentSession(
        vad=vad,
        stt=build_stt(settings, persona),
        llm=build_llm(settings),
        tts=build_tts(settings, persona),
        turn_handling=turn_handling(settings),
        # Captions and the interrupted message follow the words that ElevenLabs says it spoke.
        use_tts_aligned_transcript=True,
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
    """OpenAI, a server that speaks its protocol, or what stands in for it."""
    vendor = settings.openai
    return openai.LLM(
        model=settings.openai_model, api_key=vendor.key.get_secret_value(), base_url=vendor.url or NOT_GIVEN
    )


def build_tts(settings: Settings, persona: Persona) -> elevenlabs.TTS:
    """ElevenLabs, or what stands in for it."""
    vendor = settings.elevenlabs
    return elevenlabs.TTS(
        model=settings.eleven_model,
        api_key=vendor.key.get_secret_value(),
        # The avatar's own format; the plugin's default is mp3 at 22.05 kHz.
        encoding="pcm_24000",
        voice_id=persona.voice or DEFAULT_VOICE_ID,
        base_url=vendor.url or NOT_GIVEN,
    )


def turn_handling(settings: Settings) -> TurnHandlingOptions:
    """How turns are taken, said outright: left alone, the framework picks a model in the cloud in some modes."""
    detector: Any = "vad" if settings.turn_detection == "vad" else inference.TurnDetector(version="v1-mini")
    return TurnHandlingOptions(
        turn_detection=detector,
        endpointing={"mode": "fixed", "min_delay": 0.5, "max_delay": 3.0},
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
