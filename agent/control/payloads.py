"""What the methods of the control protocol take and give: JSON objects."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

LONGEST_TEXT = 2_000
"""Characters; two minutes of speech."""

InputMode = Literal["open", "push_to_talk"]

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)]


class Payload(BaseModel):
    """A payload; a field that it does not have is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Payload):
    """An empty object, in either direction."""


class Talk(Payload):
    """What the caller writes instead of saying it."""

    text: Text


class Repeat(Payload):
    """What the agent is to say, word for word."""

    text: Text


class Repeated(Payload):
    """How many sentences were queued."""

    sentences: int


class SetInput(Payload):
    """When the microphone is listened to: always, or between push_to_talk_start and push_to_talk_end."""

    mode: InputMode


class SetPersona(Payload):
    """One of the agent's attribute `personas`."""

    persona: str = Field(min_length=1, max_length=64)


class Persona(Payload):
    """Who the caller talks with now: the persona and its name."""

    persona: str
    name: str
