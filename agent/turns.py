"""How a persona takes turns: what the environment says, then its file, then the default for its language."""

from agent.conversation.backchannels import default_backchannels
from agent.persona import Persona
from agent.settings import Settings, SettingsError
from agent.settings.turns import TurnSettings, merge

# Seconds; the framework's own for its model, which decides by what was said.
_LEAST_BY_MODEL, _MOST_BY_MODEL = 0.3, 2.5


def turn_settings(settings: Settings, persona: Persona) -> TurnSettings:
    """Tell how this persona takes turns.

    Raises:
        SettingsError: The settings contradict each other.
    """
    backchannels = default_backchannels(persona.language)
    defaults = (
        TurnSettings(backchannels=backchannels)
        if settings.turn_detection == "vad"
        else TurnSettings(_LEAST_BY_MODEL, _MOST_BY_MODEL, backchannels=backchannels)
    )
    turns, problems = merge({"the environment": settings, f"the persona {persona.name}": persona}, defaults)
    if problems:
        raise SettingsError(problems)
    return turns
