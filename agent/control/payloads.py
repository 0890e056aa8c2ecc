"""The payloads and answers of the control protocol: JSON objects."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

# Characters of a text: two minutes of speech.
LONGEST_TEXT = 2_000

# Seconds for which a request for a repeat waits: shorter than the ten seconds that clients wait for an answer.
LONGEST_WAIT = 8.0

InputMode = Literal["open", "push_to_talk"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)]


class Payload(BaseModel):
    """Base of all payloads; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Payload):
    """An empty object, in either direction."""


class Talk(Payload):
    """A text that the caller writes instead of saying it."""

    text: Text


class Repeat(Payload):
    """A text that the agent is to say, word for word."""

    text: Text


class Repeated(Payload):
    """What was queued: the id of the repeat, and its number of sentences."""

    id: str
    sentences: int


class GetRepeat(Payload):
    """The id of a repeat, and the seconds to wait for its end."""

    id: str = Field(min_length=1, max_length=64)
    wait: float = Field(default=0.0, ge=0.0, le=LONGEST_WAIT)


class RepeatState(Payload):
    """How far a repeat has come. Its duration is null until all of it is synthesised."""

    id: str
    state: Literal["queued", "started", "finished", "interrupted", "failed"]
    duration_ms: int | None
    played_ms: int


class SetInput(Payload):
    """A mode of input: the microphone is always open, or only between push_to_talk_start and push_to_talk_end."""

    mode: InputMode


class SetPersona(Payload):
    """A persona from the agent's attribute `personas`."""

    persona: str = Field(min_length=1, max_length=64)


class Persona(Payload):
    """The present persona and its name."""

    persona: str
    name: str
