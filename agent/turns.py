"""How a persona takes turns: set by the environment, else by its file, else by the default for its language."""

from agent.conversation.backchannels import default_backchannels
from agent.persona import Persona
from agent.settings import Settings, SettingsError
from agent.settings.turns import TurnSettings, merge

# Seconds; the framework's own values for its turn detection model, which decides by the words.
_LEAST_BY_MODEL, _MOST_BY_MODEL = 0.3, 2.5


def turn_settings(settings: Settings, persona: Persona) -> TurnSettings:
    """Return how this persona takes turns.

    Raises:
        SettingsError: The settings contradict each other.
    """
    backchannels = default_backchannels(persona.language)
    if settings.has_own_turns:
        # Speech-to-text has waited for the end of the turn already.
        defaults = TurnSettings(0.0, backchannels=backchannels)
    elif settings.turn_detection == "vad":
        defaults = TurnSettings(backchannels=backchannels)
    else:
        defaults = TurnSettings(_LEAST_BY_MODEL, _MOST_BY_MODEL, backchannels=backchannels)
    turns, problems = merge({"the environment": settings, f"the persona {persona.name}": persona}, defaults)
    if settings.has_own_turns and settings.turn_detection == "model":
        problems.append(
            f"TURN_DETECTION=model: DEEPGRAM_MODEL={settings.deepgram_model} finds the end of a turn itself: leave"
            " TURN_DETECTION out, or take nova-3"
        )
    if problems:
        raise SettingsError(problems)
    return turns
