"""Options of several commands."""

from enum import StrEnum
from typing import Annotated

import typer


class Level(StrEnum):
    """Log levels."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    WARN = "WARN"  # the spelling of LiveKit's own commands
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


LogLevel = Annotated[Level, typer.Option(help="Minimum log level.", case_sensitive=False, envvar="LIVEKIT_LOG_LEVEL")]
