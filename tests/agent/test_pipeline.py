"""The pipeline is built as the settings say, and says outright what the framework would choose otherwise."""

import pytest

from agent.persona import load_persona
from agent.pipeline import build_llm, build_stt, build_tts, turn_handling
from agent.settings import DEFAULT_PERSONA, complete_settings


def test_speech_is_asked_for_in_the_avatars_format(complete: pytest.MonkeyPatch) -> None:
    """ElevenLabs speaks PCM at 24 kHz: nothing is resampled on the way to the avatar."""
    tts = build_tts(complete_settings(), load_persona(DEFAULT_PERSONA))

    assert (tts.sample_rate, tts._opts.encoding) == (24_000, "pcm_24000")


def test_plugins_reach_the_stand_ins_without_keys(complete: pytest.MonkeyPatch) -> None:
    """A vendor without a key is reached at the stand-ins' address."""
    for name in ("DEEPGRAM_API_KEY", "OPENAI_API_KEY", "ELEVEN_API_KEY"):
        complete.delenv(name)
    complete.setenv("STAND_INS_URL", "http://127.0.0.1:7900")
    settings, persona = complete_settings(), load_persona(DEFAULT_PERSONA)

    assert build_stt(settings, persona)._opts.endpoint_url == "http://127.0.0.1:7900/deepgram/v1/listen"
    assert str(build_llm(settings)._client.base_url) == "http://127.0.0.1:7900/openai/v1/"
    assert build_tts(settings, persona)._opts.base_url == "http://127.0.0.1:7900/elevenlabs/v1"


def test_turns_are_detected_as_said(complete: pytest.MonkeyPatch) -> None:
    """No mode of the worker chooses a detector by itself, and a false interruption resumes."""
    options = turn_handling(complete_settings())

    assert options["turn_detection"] == "vad"
    assert options["interruption"]["mode"] == "vad"
    assert options["interruption"]["resume_false_interruption"] is True
    assert options["preemptive_generation"] == {"enabled": True}
