"""Settings and persona of a call after its configuration is applied."""

import pytest
from pydantic import SecretStr

from agent.call_config import CallConfig, CallConfigError, CallLimits, resolve
from agent.persona import Persona
from agent.settings import Settings, SettingsError
from agent.settings.voice import VoiceOptions

PERSONAS = {
    "nova": Persona(name="Nova", instructions="Be kind.", opening="Hello.", avatar_id="nova-face"),
    "bank": Persona(
        name="Bo",
        instructions='Talk with {customer} as {"json": 1}.',
        opening="Hello {customer}, this is {bank}.",
        avatar_id="bank-face",
        voice="bank-voice",
        variables={"customer": "there", "bank": "the bank"},
    ),
    "faceless": Persona(name="Fay", instructions="Be kind."),
}
REAL = Settings(liveavatar_api_key=SecretStr("key"))


def persona_of(stem: str) -> Persona:
    """Look up a persona of this file by its stem."""
    if stem not in PERSONAS:
        raise SettingsError([f"there is no persona {stem}"])
    return PERSONAS[stem]


def test_without_a_configuration_the_workers_settings_and_persona_hold() -> None:
    """An empty configuration changes nothing."""
    assert resolve(REAL, persona_of, CallConfig()) == (REAL, PERSONAS["nova"])


def test_the_calls_fields_replace_the_personas() -> None:
    """The file's persona gets the call's name, voice, language, tools and opening."""
    config = CallConfig(
        persona="bank", name="Kai", voice="own", model="small", language="de", tools=("end_call",), opening=""
    )
    _, persona = resolve(REAL, persona_of, config)

    assert (persona.name, persona.voice, persona.language) == ("Kai", VoiceOptions(id="own"), "de")
    assert (persona.tools, persona.opening, persona.model.name) == (("end_call",), "", "small")


def test_variables_are_put_into_the_texts() -> None:
    """The call's variables take precedence over the persona's own; other braces stay."""
    _, persona = resolve(REAL, persona_of, CallConfig(persona="bank", variables={"customer": "Kim"}))

    assert persona.opening == "Hello Kim, this is the bank."
    assert persona.instructions == 'Talk with Kim as {"json": 1}.'


@pytest.mark.parametrize(
    ("settings", "config", "avatar"),
    [
        ({}, CallConfig(), "nova-face"),
        ({"liveavatar_avatar_id": "set"}, CallConfig(), "set"),
        ({"liveavatar_avatar_id": "set"}, CallConfig(persona="bank"), "bank-face"),
        ({"liveavatar_avatar_id": "set"}, CallConfig(persona="bank", avatar_id="given"), "given"),
        ({"liveavatar_avatar_id": "set"}, CallConfig(persona="faceless"), "set"),
        ({}, CallConfig(persona="faceless"), "nova-face"),
        ({"liveavatar_avatar_id": "set", "liveavatar_sandbox": True}, CallConfig(persona="bank"), "set"),
    ],
)
def test_a_requested_persona_brings_its_avatar(settings: dict[str, object], config: CallConfig, avatar: str) -> None:
    """The setting names the avatar of the worker's own persona; the sandbox has only one avatar."""
    resolved, persona = resolve(REAL.model_copy(update=settings), persona_of, config)

    assert resolved.avatar_id(persona.avatar_id) == avatar


@pytest.mark.parametrize(("own", "asked", "minutes"), [(0.0, 5.0, 5.0), (3.0, 5.0, 3.0), (10.0, 5.0, 5.0)])
def test_a_limit_can_only_be_lowered(own: float, asked: float, minutes: float) -> None:
    """0 means that the worker has no limit."""
    settings = REAL.model_copy(update={"minutes_per_call": own})
    resolved, _ = resolve(settings, persona_of, CallConfig(limits=CallLimits(minutes_per_call=asked)))

    assert resolved.minutes_per_call == minutes
    assert resolved.call_idle_seconds == settings.call_idle_seconds


def test_a_call_may_set_video_quality_and_model() -> None:
    """With Azure OpenAI the model is a deployment."""
    azure = REAL.model_copy(update={"azure_openai_endpoint": "https://a", "azure_openai_deployment": "big"})
    settings, _ = resolve(azure, persona_of, CallConfig(model="small", video_quality="low"))

    assert settings.azure is not None
    assert (settings.azure.deployment, settings.liveavatar_video_quality) == ("small", "low")
    assert resolve(REAL, persona_of, CallConfig(model="small"))[0].openai_model == "small"


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (CallConfig(persona="nobody"), "CALL CONFIG persona: there is no persona nobody"),
        (
            CallConfig(tools=("fly",)),
            "CALL CONFIG tools: there is no tool fly; there are get_time, end_call, and module:function for your own",
        ),
    ],
)
def test_an_unknown_persona_or_tool_is_reported_by_field(config: CallConfig, problem: str) -> None:
    """The error names the field and the value."""
    with pytest.raises(CallConfigError) as error:
        resolve(REAL, persona_of, config)

    assert error.value.sentences == [problem]


def test_a_broken_persona_of_the_worker_is_not_a_configuration_error() -> None:
    """The error is for the operator, and names the setting."""

    def broken(_: str) -> Persona:
        raise SettingsError(["PERSONA: nova.toml can't be read"])

    with pytest.raises(SettingsError, match=r"PERSONA: nova\.toml"):
        resolve(REAL, broken, CallConfig(voice="x"))
