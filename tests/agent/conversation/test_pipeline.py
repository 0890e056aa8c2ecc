"""The pipeline follows the settings, and sets explicitly what the framework would choose otherwise."""

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from livekit.agents import TurnHandlingOptions, llm, stt, tts
from livekit.agents.utils import is_given
from livekit.plugins import deepgram, elevenlabs, openai
from livekit.plugins.elevenlabs.tts import _strip_nones

from agent.conversation.pipeline import (
    build_ear,
    build_flux,
    build_llm,
    build_session,
    build_stt,
    build_tts,
    build_voice,
    connect_options,
    is_openai_host,
    load_vad,
    take_turns,
    turn_handling,
)
from agent.conversation.unfinished import UnfinishedTurns
from agent.conversation.voices import in_language
from agent.persona import load_persona
from agent.settings import DEFAULT_PERSONA, Settings, complete_settings
from agent.settings.hearing import HearingOptions
from agent.settings.language_model import ModelOptions
from agent.settings.languages import LanguageOptions
from agent.settings.turns import TurnSettings
from agent.settings.voice import VoiceOptions
from agent.speech.pieces import PieceTokenizer
from agent.turns import turn_settings

ROOT = Path(__file__).parents[3]


def test_speech_is_requested_in_the_avatars_format(complete: pytest.MonkeyPatch) -> None:
    """ElevenLabs sends PCM at 24 kHz, so that nothing is resampled on the way to the avatar."""
    tts = build_tts(complete_settings(), load_persona(DEFAULT_PERSONA))

    assert (tts.sample_rate, tts._opts.encoding) == (24_000, "pcm_24000")


def test_plugins_reach_the_stand_ins_without_keys(complete: pytest.MonkeyPatch) -> None:
    """A vendor without a key is reached at the stand-ins' address."""
    for name in ("DEEPGRAM_API_KEY", "OPENAI_API_KEY", "ELEVEN_API_KEY"):
        complete.delenv(name)
    complete.setenv("STAND_INS_URL", "http://127.0.0.1:7900")
    settings, persona = complete_settings(), load_persona(DEFAULT_PERSONA)

    assert build_stt(settings, persona)._opts.endpoint_url == "http://127.0.0.1:7900/deepgram/v1/listen"
    assert str(build_llm(settings, persona)._client.base_url) == "http://127.0.0.1:7900/openai/v1/"
    assert build_tts(settings, persona)._opts.base_url == "http://127.0.0.1:7900/elevenlabs/v1"


def test_plugins_reach_the_regions_that_were_set(complete: pytest.MonkeyPatch) -> None:
    """The addresses may be written with or without scheme and trailing slash."""
    complete.setenv("DEEPGRAM_BASE_URL", "api.eu.deepgram.com")
    complete.setenv("ELEVEN_BASE_URL", "https://api.eu.residency.elevenlabs.io/")
    settings, persona = complete_settings(), load_persona(DEFAULT_PERSONA)

    assert build_stt(settings, persona)._opts.endpoint_url == "https://api.eu.deepgram.com/v1/listen"
    assert build_tts(settings, persona)._opts.base_url == "https://api.eu.residency.elevenlabs.io/v1"


def test_an_azure_resource_is_asked_in_azures_way(complete: pytest.MonkeyPatch) -> None:
    """The request names the deployment, the key and the API version."""
    complete.delenv("OPENAI_API_KEY")
    complete.setenv("AZURE_OPENAI_ENDPOINT", "https://mine.openai.azure.com/")
    complete.setenv("AZURE_OPENAI_API_KEY", "azure-secret")
    complete.setenv("AZURE_OPENAI_DEPLOYMENT", "our-model")
    complete.setenv("OPENAI_API_VERSION", "2024-10-21")
    client = build_llm(complete_settings(), load_persona(DEFAULT_PERSONA))._client

    assert str(client.base_url) == "https://mine.openai.azure.com/openai/deployments/our-model/"
    assert client.default_query == {"api-version": "2024-10-21"}
    assert client.api_key == "azure-secret"


@pytest.mark.parametrize("base_url", ["http://localhost:11434/v1", ""])
async def test_a_second_language_model_of_openais_keeps_its_address(
    complete: pytest.MonkeyPatch, base_url: str
) -> None:
    """OpenAI's client would use OPENAI_BASE_URL, which belongs to the first model, and an empty one as an address."""
    complete.setenv("OPENAI_BASE_URL", base_url)
    complete.setenv("OPENAI_FALLBACK_API_KEY", "another-secret")
    session = build_session(complete_settings(), load_persona(DEFAULT_PERSONA), load_vad())

    assert isinstance(session.llm, llm.FallbackAdapter)
    first, second = session.llm._llm_instances
    assert isinstance(first, openai.LLM)
    assert isinstance(second, openai.LLM)
    assert str(first._client.base_url) == (f"{base_url}/" if base_url else "https://api.openai.com/v1/")
    assert str(second._client.base_url) == "https://api.openai.com/v1/"


def test_voice_activity_detection_sends_and_keeps_no_telemetry(tmp_path: Path) -> None:
    """A process that has loaded it leaves no file of onnxruntime's behind."""
    command = [sys.executable, "-c", "from agent.conversation.pipeline import load_vad; load_vad()"]
    places = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME")}
    variables = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(command, check=True, env=variables | places, cwd=ROOT, timeout=50)  # noqa: S603 - our own command

    assert [file.name for file in tmp_path.rglob("*") if file.is_file()] == []


def turns_of(settings: Settings) -> TurnHandlingOptions:
    """Return the turn options of the default persona."""
    return turn_handling(settings, turn_settings(settings, load_persona(DEFAULT_PERSONA)))


def test_turn_detection_is_set_explicitly(complete: pytest.MonkeyPatch) -> None:
    """The worker's mode does not choose the detector, and a false interruption resumes."""
    options = turns_of(complete_settings())

    assert isinstance(options["turn_detection"], UnfinishedTurns)
    assert options["interruption"]["mode"] == "vad"
    assert options["interruption"]["resume_false_interruption"] is True


def test_an_answer_is_synthesised_before_the_turn_ends(complete: pytest.MonkeyPatch) -> None:
    """At most twice per turn and not in a long turn, as dropped speech is paid for."""
    options = turns_of(complete_settings())["preemptive_generation"]

    assert (options["enabled"], options["preemptive_tts"]) == (True, True)
    assert (options["max_retries"], options["max_speech_duration"]) == (2, 10.0)


def test_the_avatar_is_paused_sooner_than_the_frameworks_outputs(complete: pytest.MonkeyPatch) -> None:
    """It is paused after 0.2 s of voice, and goes on 0.7 s after the last sound of a noise."""
    interruption = turns_of(complete_settings())["interruption"]
    silence = getattr(load_vad(), "min_silence_duration", 0.0)

    assert interruption["min_duration"] == 0.2
    assert silence + (interruption["false_interruption_timeout"] or 0.0) == pytest.approx(0.7)


def test_the_turn_detection_model_has_its_own_delays(complete: pytest.MonkeyPatch) -> None:
    """They are the framework's delays for the model; without it our own hold."""
    by_silence = turns_of(complete_settings())
    complete.setenv("TURN_DETECTION", "model")
    by_model = turns_of(complete_settings())

    assert by_silence["endpointing"] == {"mode": "fixed", "min_delay": 0.55, "max_delay": 2.0}
    assert by_model["endpointing"] == {"mode": "fixed", "min_delay": 0.3, "max_delay": 2.5}
    assert getattr(by_model["turn_detection"], "model", None) == "turn-detector-v1-mini"
    assert by_model["interruption"] == by_silence["interruption"]
    assert by_model["preemptive_generation"] == by_silence["preemptive_generation"]


async def test_a_running_session_can_change_its_turn_options(complete: pytest.MonkeyPatch) -> None:
    """This happens when another persona takes over."""
    session = build_session(complete_settings(), load_persona(DEFAULT_PERSONA), load_vad())
    take_turns(session, TurnSettings(0.9, 4.0, 0.7, 1, 1.5))

    endpointing, interruption = session.options.endpointing, session.options.interruption
    assert (endpointing["min_delay"], endpointing["max_delay"]) == (0.9, 4.0)
    assert (interruption["min_duration"], interruption["min_words"]) == (0.7, 1)
    assert interruption["false_interruption_timeout"] == 1.5


@pytest.mark.parametrize(
    ("model", "language", "spoken"),
    [
        ("eleven_flash_v2_5", "en-US", "en"),
        ("eleven_turbo_v2_5", "fr", "fr"),
        ("eleven_flash_v2_5", "multi", None),
        ("eleven_multilingual_v2", "fr", None),
    ],
)
def test_text_to_speech_gets_the_personas_language(
    complete: pytest.MonkeyPatch, model: str, language: str, spoken: str | None
) -> None:
    """The language has two letters, and is sent only to a model that accepts it."""
    complete.setenv("ELEVEN_MODEL", model)
    persona = load_persona(DEFAULT_PERSONA).model_copy(update={"language": language})
    told = build_tts(complete_settings(), persona)._opts.language

    assert (told if is_given(told) else None) == spoken


def test_text_to_speech_aligns_the_text_as_it_is_written(complete: pytest.MonkeyPatch) -> None:
    """ElevenLabs' other alignment is that of the pronounced text, with Chinese in Latin letters."""
    for language in ("en", "zh", "multi"):
        persona = load_persona(DEFAULT_PERSONA).model_copy(update={"language": language})
        tts = build_tts(complete_settings(), persona)

        assert tts._opts.preferred_alignment == "original"
        assert isinstance(tts._opts.word_tokenizer, PieceTokenizer)


def test_the_personas_voice_options_are_sent(complete: pytest.MonkeyPatch) -> None:
    """The persona's model replaces ELEVEN_MODEL; options that are not set are not sent, so the voice's own hold."""
    voice = VoiceOptions(id="abc", model="eleven_turbo_v2_5", speed=1.1, stability=0.4)
    persona = load_persona(DEFAULT_PERSONA).model_copy(update={"voice": voice})
    options = build_tts(complete_settings(), persona)._opts
    plain = build_tts(complete_settings(), load_persona(DEFAULT_PERSONA))._opts

    assert (options.voice_id, options.model) == ("abc", "eleven_turbo_v2_5")
    assert is_given(options.voice_settings)
    sent = _strip_nones(asdict(options.voice_settings))
    assert sent == {"speed": 1.1, "stability": 0.4}
    assert not is_given(plain.voice_settings)


def test_the_personas_hearing_options_are_sent(complete: pytest.MonkeyPatch) -> None:
    """Key terms are sent in the form that the model accepts; the plugin accepts both."""
    hearing = HearingOptions(key_terms=("Nova",), numerals=True, redact=("pci",), endpointing_ms=100)
    persona = load_persona(DEFAULT_PERSONA).model_copy(update={"hearing": hearing})
    newer = build_stt(complete_settings(), persona)._opts
    complete.setenv("DEEPGRAM_MODEL", "nova-2")
    older = build_stt(complete_settings(), persona)._opts

    assert (newer.keyterm, newer.keywords, older.keyterm, older.keywords) == (["Nova"], [], [], [("Nova", 1.0)])
    assert (newer.numerals, newer.redact, newer.endpointing_ms) == (True, ["pci"], 100)


def test_flux_has_its_own_address(complete: pytest.MonkeyPatch) -> None:
    """It uses the set region and the persona's key terms, and reports turns that may have ended."""
    complete.setenv("DEEPGRAM_MODEL", "flux-general-multi")
    complete.setenv("DEEPGRAM_BASE_URL", "api.eu.deepgram.com")
    hearing = HearingOptions(key_terms=("Nova",), numerals=True, redact=("numbers",))
    persona = load_persona(DEFAULT_PERSONA).model_copy(update={"hearing": hearing, "language": "de-AT"})
    settings = complete_settings()
    options = build_flux(settings, persona)._opts

    assert options.endpoint_url == "https://api.eu.deepgram.com/v2/listen"
    assert (options.model, options.language_hint, options.keyterm) == ("flux-general-multi", ["de"], ["Nova"])
    assert (options.numerals, options.redact, options.eager_eot_threshold) == (True, "numbers", 0.5)
    assert isinstance(build_ear(settings, persona, None), deepgram.STTv2)
    assert turns_of(settings)["turn_detection"] == "stt"


def test_the_personas_model_options_are_sent(complete: pytest.MonkeyPatch) -> None:
    """The persona's model replaces OPENAI_MODEL; options that are not set are not sent."""
    model = ModelOptions(name="gpt-5-mini", temperature=0.2, max_tokens=200, reasoning_effort="low")
    persona = load_persona(DEFAULT_PERSONA)
    chosen = build_llm(complete_settings(), persona.model_copy(update={"model": model}))._opts
    plain = build_llm(complete_settings(), persona)._opts

    assert (chosen.model, chosen.temperature, chosen.reasoning_effort) == ("gpt-5-mini", 0.2, "low")
    assert chosen.max_completion_tokens == 200
    assert plain.model == "gpt-4.1-mini"
    assert not any(is_given(each) for each in (plain.temperature, plain.max_completion_tokens, plain.reasoning_effort))


def test_each_language_has_its_own_voice(complete: pytest.MonkeyPatch) -> None:
    """A language without a voice uses the persona's, in that language; a persona of one language has one voice."""
    languages = {"es": LanguageOptions(voice=VoiceOptions(id="es-voice")), "de": LanguageOptions()}
    persona = load_persona(DEFAULT_PERSONA).model_copy(
        update={"language": "multi", "languages": languages, "voice": VoiceOptions(id="own")}
    )
    voices = build_voice(complete_settings(), persona)
    made = {code: in_language(voices, code) for code in ("es", "de", "fr")}
    options = {code: voice._opts for code, voice in made.items() if isinstance(voice, elevenlabs.TTS)}

    assert {code: each.voice_id for code, each in options.items()} == {"es": "es-voice", "de": "own", "fr": "own"}
    assert (options["es"].language, options["de"].language) == ("es", "de")
    assert isinstance(build_voice(complete_settings(), load_persona(DEFAULT_PERSONA)), elevenlabs.TTS)


def test_only_openai_gets_strict_tool_schemas(complete: pytest.MonkeyPatch) -> None:
    """Another server gets schemas that are not strict."""
    strict = [build_llm(complete_settings(), load_persona(DEFAULT_PERSONA))._strict_tool_schema]
    complete.setenv("OPENAI_BASE_URL", "http://localhost:11434/v1")
    strict.append(build_llm(complete_settings(), load_persona(DEFAULT_PERSONA))._strict_tool_schema)

    assert strict == [True, False]


async def test_only_the_language_models_answers_are_transformed(complete: pytest.MonkeyPatch) -> None:
    """The session transforms no text; the agent does, and only what the language model wrote."""
    session = build_session(complete_settings(), load_persona(DEFAULT_PERSONA), load_vad())

    assert not session.options.tts_text_transforms


async def test_a_single_provider_is_retried_once(complete: pytest.MonkeyPatch) -> None:
    """No adapter stands between the session and the plugins, and the call outlives any failure."""
    session = build_session(complete_settings(), load_persona(DEFAULT_PERSONA), load_vad())
    options = session.conn_options

    assert isinstance(session.stt, deepgram.STT)
    assert isinstance(session.llm, openai.LLM)
    assert isinstance(session.tts, elevenlabs.TTS)
    assert (options.llm_conn_options.max_retry, options.tts_conn_options.max_retry) == (1, 1)
    assert options.max_unrecoverable_errors == sys.maxsize


async def test_second_providers_replace_the_retry(complete: pytest.MonkeyPatch) -> None:
    """A first provider that fails is not retried: its second provider is asked instead."""
    for name, value in {
        "OPENAI_FALLBACK_BASE_URL": "http://localhost:8080/v1",
        "OPENAI_FALLBACK_MODEL": "small",
        "FALLBACK_STT": "openai",
        "FALLBACK_TTS": "openai",
        "LLM_TIMEOUT": "3",
    }.items():
        complete.setenv(name, value)
    settings = complete_settings()
    session = build_session(settings, load_persona(DEFAULT_PERSONA), load_vad())
    options = connect_options(settings)

    assert isinstance(session.llm, llm.FallbackAdapter)
    assert [each.model for each in session.llm._llm_instances] == ["gpt-4.1-mini", "small"]
    assert isinstance(session.stt, stt.FallbackAdapter)
    assert [each.provider for each in session.stt._stt_instances] == ["Deepgram", "api.openai.com"]
    assert isinstance(session.tts, tts.FallbackAdapter)
    assert [each.sample_rate for each in session.tts._tts_instances] == [24_000, 24_000]
    assert (options.llm_conn_options.max_retry, options.tts_conn_options.max_retry) == (0, 0)
    assert options.llm_conn_options.timeout == 3.0


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (None, True),
        ("https://api.openai.com/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("https://mine.openai.azure.com/openai/v1", True),
        ("https://api.openai.com.example.com/v1", False),
        ("http://localhost:11434/v1", False),
    ],
)
def test_openai_is_known_by_its_host(url: str | None, expected: bool) -> None:
    """OpenAI's and Azure's hosts count as OpenAI."""
    assert is_openai_host(url) is expected
