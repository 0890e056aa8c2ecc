"""Who the caller talks with: one readable file."""

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.settings import SettingsError


class Persona(BaseModel):
    """A persona file. `agent/personas/nova.toml` explains each field."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: str = Field(min_length=1)
    instructions: str = Field(min_length=1)
    opening: str = ""
    language: str = "en"
    voice: str = ""
    avatar_id: str = ""
    tools: tuple[str, ...] = ()


def load_persona(path: Path) -> Persona:
    """Read a persona file.

    Raises:
        SettingsError: It can't be read, or has fields that are missing, wrong or unknown; all of them are named.
    """
    try:
        return Persona.model_validate(tomllib.loads(path.read_text("utf-8")))
    except OSError as error:
        raise SettingsError([f"PERSONA: {path} can't be read: {error.strerror}"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"PERSONA: {path} is no TOML file: {error}"]) from None
    except ValidationError as error:
        problems = [f"PERSONA: {path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise SettingsError(problems) from None
