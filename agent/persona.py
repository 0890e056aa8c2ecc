"""A persona: the character that the caller talks with, in one readable file."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import ConfigDict, Field, ValidationError

from agent.conversation.fillers import default_fillers
from agent.knowledge.sources import Knowledge
from agent.settings import SettingsError
from agent.settings.hearing import HearingOptions
from agent.settings.language_model import AnswerLimits, LanguageModel, ModelOptions
from agent.settings.languages import LanguageOptions
from agent.settings.silence import SilenceOptions
from agent.settings.turns import TurnOptions
from agent.settings.voice import Voice, VoiceOptions
from agent.tools.http_model import HttpTool
from agent.tools.mcp_model import McpServer
from agent.tools.persona_tools import check_tools
from agent.tools.transfer import Destinations

DEFAULT_APOLOGY = "Sorry, something went wrong on my side. Could you say that again?"
DEFAULT_TOOL_TIMEOUT = 60.0  # seconds
DEFAULT_GOODBYE = "I am afraid our time is up. Thank you for the talk, and goodbye!"

DEFAULT_RESUMPTION = "Sorry, I was gone for a moment."
DEFAULT_WAITING = (
    "Every seat in front of the camera is taken right now. One moment, please: I will be with you shortly."
)


class Persona(TurnOptions):
    """The contents of a persona file. `agent/personas/nova.toml` explains each field."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: str = Field(min_length=1)
    instructions: str = Field(min_length=1)
    opening: str = ""
    apology: str = Field(default=DEFAULT_APOLOGY, min_length=1, max_length=200)
    goodbye: str = Field(default=DEFAULT_GOODBYE, max_length=200)
    resumption: str = Field(default=DEFAULT_RESUMPTION, max_length=200)
    waiting: str = Field(default=DEFAULT_WAITING, max_length=200)
    fillers: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] | None = None
    language: str = "en"
    voice: Voice = VoiceOptions()
    languages: dict[str, LanguageOptions] = Field(default_factory=dict)
    hearing: HearingOptions = HearingOptions()
    model: LanguageModel = ModelOptions()
    answer: AnswerLimits = AnswerLimits()
    silence: SilenceOptions = SilenceOptions()
    avatar_id: str = ""
    variables: dict[str, str] = Field(default_factory=dict)
    tools: tuple[str, ...] = ()
    tool_timeout: float = Field(default=DEFAULT_TOOL_TIMEOUT, gt=0)
    http_tools: tuple[HttpTool, ...] = ()
    mcp: tuple[McpServer, ...] = ()
    knowledge: Knowledge | None = None
    transfer: Destinations = Field(default_factory=dict)
    # The persona file's folder, to which its paths and modules are relative.
    folder: Path | None = Field(default=None, exclude=True)

    @property
    def said_while_waiting(self) -> tuple[str, ...]:
        """The file's fillers, or else the default ones of its language."""
        return default_fillers(self.language) if self.fillers is None else self.fillers


def load_persona(path: Path) -> Persona:
    """Read a persona file.

    Raises:
        SettingsError: It can't be read, has missing, wrong or unknown fields, or names an unknown tool.
    """
    try:
        persona = Persona.model_validate(tomllib.loads(path.read_text("utf-8")) | {"folder": path.absolute().parent})
    except OSError as error:
        raise SettingsError([f"PERSONA: {path} can't be read: {error.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"PERSONA: {path} is not a TOML file: {error}"]) from None
    except ValidationError as error:
        problems = [f"PERSONA: {path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise SettingsError(problems) from None
    check_tools(persona)
    return persona


def personas_beside(chosen: Path, folder: Path | None = None) -> dict[str, Path]:
    """List the available personas by the stems of their files.

    Args:
        chosen: The file that PERSONA names; it takes precedence over a file of the same stem in a folder.
        folder: PERSONAS_DIR, if set; its files take precedence over those that come with the agent.
    """
    folders = [Path(__file__).parent / "personas", *([folder] if folder else [])]
    # Files named `*.eval.toml` hold scenarios.
    files = [file for each in folders for file in sorted(each.glob("*.toml")) if not file.stem.endswith(".eval")]
    return {file.stem: file for file in [*files, chosen]}
