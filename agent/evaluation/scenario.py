"""Reads the scenarios of a persona, from a file next to the persona's."""

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from agent.settings import SettingsError

# The end of such a file's name, instead of `.toml`.
SUFFIX = ".eval.toml"


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        message = f"{text!r} is not a regular expression: {error}"
        raise ValueError(message) from None
    return text


_Text = Annotated[str, Field(min_length=1)]
_Pattern = Annotated[_Text, AfterValidator(_pattern)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolCall(_Table):
    """An expected call of a tool.

    Attributes:
        tool: Name of the tool.
        arguments: The arguments that matter, by name; the call may have others.
    """

    tool: _Text
    arguments: dict[str, Any] = Field(default_factory=dict)


class Turn(_Table):
    """The caller's words, and what is expected of the agent until it waits again.

    Attributes:
        says: The caller's words.
        heard: Texts that the answer has to contain; case does not matter.
        heard_pattern: Regular expressions that have to match in the answer; case does not matter.
        not_heard: Regular expressions that must not match in the answer; case does not matter.
        called: Tools that have to be called, in any order.
        not_called: Names of tools that must not be called.
        max_sentences: The most sentences that the answer may have.
        judge: What the answer has to do, judged by the persona's language model.
    """

    says: _Text
    heard: tuple[_Text, ...] = ()
    heard_pattern: tuple[_Pattern, ...] = ()
    not_heard: tuple[_Pattern, ...] = ()
    called: tuple[ToolCall, ...] = ()
    not_called: tuple[_Text, ...] = ()
    max_sentences: int | None = Field(default=None, ge=0)
    judge: str = ""


class Scenario(_Table):
    """One conversation.

    Attributes:
        name: Of the scenario.
        turns: In order.
        tools: Fixed results, by the names of tools, which are then not run.
    """

    name: _Text
    turns: Annotated[tuple[Turn, ...], Field(min_length=1)]
    tools: dict[str, str] = Field(default_factory=dict)


class _File(_Table):
    scenarios: Annotated[tuple[Scenario, ...], Field(min_length=1)]


def scenarios_beside(persona: Path) -> Path:
    """Return the path of a persona file's scenarios."""
    return persona.with_name(f"{persona.stem}{SUFFIX}")


def load_scenarios(path: Path) -> tuple[Scenario, ...]:
    """Read a file of scenarios.

    Raises:
        SettingsError: It can't be read, or has missing, wrong or unknown fields.
    """
    try:
        return _File.model_validate(tomllib.loads(path.read_text("utf-8"))).scenarios
    except OSError as error:
        raise SettingsError([f"{path} can't be read: {error.strerror}; docs/eval.md describes the file"]) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError([f"{path} is not a TOML file: {error}"]) from None
    except ValidationError as error:
        problems = [f"{path}: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        raise SettingsError(problems) from None
