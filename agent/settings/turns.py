"""Turn-taking settings, which a persona file and the environment share, and how they are merged."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field
from pydantic_settings import NoDecode

from agent.settings.values import clean, word

# Seconds of silence after which voice activity detection ends a speech. A turn can't end sooner.
VOICE_ENDS_AFTER = 0.3

_DEFAULT = "the default"
_NO_BACKCHANNELS = {"none", "off", "no", "false", "[]"}


def _cleaned(parse: Callable[[str], object]) -> BeforeValidator:
    return BeforeValidator(lambda value: parse(value) if isinstance(value, str) else value)


def _phrases(value: str) -> tuple[str, ...]:
    """Parse a list of phrases, separated by commas: `uh-huh, okay`."""
    if word(value) in _NO_BACKCHANNELS:
        return ()
    return tuple(phrase for each in re.split(r"[,\n]", clean(value)) if (phrase := each.strip()))


_Seconds = Annotated[float | None, _cleaned(clean)]
_Count = Annotated[int | None, _cleaned(clean)]
_Phrase = Annotated[str, Field(min_length=1, max_length=100)]


class TurnOptions(BaseModel):
    """Turn-taking options, under LiveKit's names; None leaves one to the other source, or to the default.

    `.env.example` explains each.
    """

    min_endpointing_delay: _Seconds = Field(default=None, ge=VOICE_ENDS_AFTER, le=10)
    max_endpointing_delay: _Seconds = Field(default=None, ge=VOICE_ENDS_AFTER, le=30)
    min_interruption_duration: _Seconds = Field(default=None, ge=0.05, le=5)
    min_interruption_words: _Count = Field(default=None, ge=0, le=20)
    false_interruption_timeout: _Seconds = Field(default=None, ge=0, le=30)
    backchannels: Annotated[tuple[_Phrase, ...] | None, NoDecode, _cleaned(_phrases)] = None


@dataclass(frozen=True, slots=True)
class TurnSettings:
    """Turn-taking settings.

    Attributes:
        min_endpointing_delay: Seconds of silence after which a turn has ended; the default is that of Silero's plugin.
        max_endpointing_delay: The same, if the model or the last words show that the turn is incomplete.
        min_interruption_duration: Seconds of voice that interrupt the agent. The framework's default is 0.5,
            since its own outputs lose interrupted speech; the avatar resumes it.
        min_interruption_words: Words needed in addition; if it is 1 or more, noise doesn't interrupt the agent.
        false_interruption_timeout: Seconds from the end of a voice without words until the agent resumes; with the
            0.3 s of silence that end a voice, the agent resumes 0.7 s after a noise by default.
        backchannels: Words with which a listener shows attention; while the agent speaks, they are not a turn.
    """

    min_endpointing_delay: float = 0.55
    max_endpointing_delay: float = 2.0
    min_interruption_duration: float = 0.2
    min_interruption_words: int = 0
    false_interruption_timeout: float = 0.4
    backchannels: tuple[str, ...] = ()


def merge(sources: Mapping[str, TurnOptions], defaults: TurnSettings) -> tuple[TurnSettings, list[str]]:
    """Take each option from the first source that has it.

    Args:
        sources: Options by the name of their source, in order of precedence.
        defaults: Values for options that no source has.

    Returns:
        The settings, and the contradictions between them.
    """
    chosen: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for name in (each.name for each in fields(TurnSettings)):
        found = (
            (source, value) for source, options in sources.items() if (value := getattr(options, name)) is not None
        )
        origins[name], chosen[name] = next(found, (_DEFAULT, getattr(defaults, name)))
    if origins["max_endpointing_delay"] == _DEFAULT:
        chosen["max_endpointing_delay"] = max(chosen["max_endpointing_delay"], chosen["min_endpointing_delay"])
    return TurnSettings(**chosen), _contradictions(chosen, origins)


def _contradictions(chosen: Mapping[str, Any], origins: Mapping[str, str]) -> list[str]:
    least, most = chosen["min_endpointing_delay"], chosen["max_endpointing_delay"]
    if least <= most:
        return []
    return [
        (
            f"MIN_ENDPOINTING_DELAY is {least:g} ({origins['min_endpointing_delay']}) and MAX_ENDPOINTING_DELAY is"
            f" {most:g} ({origins['max_endpointing_delay']}): the latter must not be the shorter silence: raise it, or"
            " lower the former"
        )
    ]
