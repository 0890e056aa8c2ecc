"""Settings: the only reader of the environment and of `.env`; reports all their problems at once."""

from agent.settings.environment import read_env_file
from agent.settings.load import complete_settings, load_settings, out_of_reach, settings_or_defaults
from agent.settings.model import (
    DEFAULT_PERSONA,
    STAND_IN_KEY,
    Azure,
    Settings,
    SettingsError,
    TurnDetection,
    Vendor,
)

__all__ = [
    "DEFAULT_PERSONA",
    "STAND_IN_KEY",
    "Azure",
    "Settings",
    "SettingsError",
    "TurnDetection",
    "Vendor",
    "complete_settings",
    "load_settings",
    "out_of_reach",
    "read_env_file",
    "settings_or_defaults",
]
