"""Applies a call's configuration to the settings and the persona. Pure."""

from collections.abc import Callable
from typing import Any

from agent.call_config.errors import CallConfigError
from agent.call_config.model import CallConfig, CallLimits
from agent.call_config.variables import filled
from agent.persona import Persona
from agent.settings import Settings, SettingsError
from agent.tools.persona_tools import check_tools

# Fields that replace the persona's field of the same name. `filled` puts the variables into the persona's texts. A call
# chooses only the name of the language model.
_OF_PERSONA = (CallConfig.model_fields.keys() & Persona.model_fields.keys()) - {"variables", "model"}


def resolve(settings: Settings, persona_of: Callable[[str], Persona], config: CallConfig) -> tuple[Settings, Persona]:
    """Return the settings and the persona of a call.

    Args:
        settings: The worker's.
        persona_of: Returns the persona of a file's stem; raises `SettingsError` if there is none that can be used.
        config: Of the call.

    Raises:
        CallConfigError: The configuration names an unknown persona or tool.
        SettingsError: The worker's own persona can't be used.
    """
    persona = _persona(settings, persona_of, config)
    changes = _settings(settings, config) | {"liveavatar_avatar_id": _face(settings, persona_of, persona, config)}
    resolved = settings.model_copy(update={name: value for name, value in changes.items() if value})
    return resolved, filled(persona, config.variables or {})


def _persona(settings: Settings, persona_of: Callable[[str], Persona], config: CallConfig) -> Persona:
    try:
        persona = persona_of(settings.persona.stem if config.persona is None else config.persona)
    except SettingsError as error:
        if config.persona is None:
            raise
        raise CallConfigError({"persona": "; ".join(error.problems)}) from None
    given = {name: value for name, value in config if name in _OF_PERSONA and value is not None}
    if config.model is not None:
        given["model"] = persona.model.model_copy(update={"name": config.model})
    persona = persona.model_copy(update=given)
    try:
        check_tools(persona)
    except SettingsError as error:
        problem = "; ".join(each.removeprefix("PERSONA: ").removeprefix("tools: ") for each in error.problems)
        raise CallConfigError({"tools": problem}) from None
    return persona


def _face(settings: Settings, persona_of: Callable[[str], Persona], persona: Persona, config: CallConfig) -> str:
    """Return the avatar that overrides the setting; empty if the setting or the worker's persona decides.

    A persona that a call names brings its own avatar, except in the sandbox, which has only one. A persona without an
    avatar gets the worker's.
    """
    if config.avatar_id or config.persona is None or settings.liveavatar_sandbox:
        return config.avatar_id or ""
    if persona.avatar_id or settings.avatar_id():
        return persona.avatar_id
    return persona_of(settings.persona.stem).avatar_id


def _settings(settings: Settings, config: CallConfig) -> dict[str, Any]:
    limits = (config.limits or CallLimits()).model_dump(exclude_none=True)
    return {
        "liveavatar_video_quality": config.video_quality,
        "openai_model": config.model,
        "azure_openai_deployment": config.model if settings.azure else None,
        **{name: _lower(getattr(settings, name), asked) for name, asked in limits.items()},
    }


def _lower(own: float, asked: float) -> float:
    """Return the lower of two limits, where 0 as our own means no limit."""
    return min(own, asked) if own else asked
