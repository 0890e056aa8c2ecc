"""Asks ElevenLabs whether its models accept the persona's settings of the voice."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp

from agent.conversation.pipeline import of_language
from agent.doctor.finding import CheckError, need
from agent.persona import Persona
from agent.settings import Settings
from agent.settings.voice import VoiceOptions

# Settings that only some models accept, and the field that says so in the list of models (elevenlabs.io/docs, "List
# models").
_CAPABILITIES = {"style": "can_use_style", "use_speaker_boost": "can_use_speaker_boost"}


async def check_voices(settings: Settings, persona: Persona, http: aiohttp.ClientSession, base_url: str) -> str:
    """Compare each voice of the persona with the list of models.

    Args:
        settings: Contain the key and the default model.
        persona: Has the voices to check.
        http: The HTTP session to use.
        base_url: Of ElevenLabs' interface.

    Raises:
        CheckError: There is no such model, or it does not accept a setting.
    """
    voices = {"[voice]": persona.voice, **{f"[languages.{c}]": of_language(persona, c) for c in persona.languages}}
    if not any(voice.model or voice.given() for voice in voices.values()):
        return "as they are set at ElevenLabs"
    key = settings.elevenlabs.key.get_secret_value()
    need("ELEVEN_API_KEY", key)
    async with http.get(f"{base_url}/models", headers={"xi-api-key": key}) as response:
        models = _models(await response.text()) if response.ok else {}
    if not models:
        return "could not look up which settings the models accept"
    problems = [
        f"{place}: {problem}"
        for place, voice in voices.items()
        for problem in _problems(voice, voice.model or settings.eleven_model, models)
    ]
    if problems:
        raise CheckError("; ".join(problems))
    return "accepted by the models"


def _models(body: str) -> dict[str, Mapping[str, Any]]:
    """Read the list of models; return an empty one if it can't be read."""
    try:
        return {str(model["model_id"]): model for model in json.loads(body)}
    except (ValueError, KeyError, TypeError):
        return {}


def _problems(voice: VoiceOptions, model: str, models: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    if model not in models:
        speaking = [name for name, each in models.items() if each.get("can_do_text_to_speech")]
        yield f"there is no model {model}; there is {', '.join(speaking)}"
        return
    for setting, capability in _CAPABILITIES.items():
        if voice.given().get(setting) and models[model].get(capability) is False:
            able = [name for name, each in models.items() if each.get(capability)]
            yield f"{model} does not take {setting}; leave it out, or take {' or '.join(able)}"
