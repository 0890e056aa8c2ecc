"""The document that configures one call. `python agent.py schema` prints its JSON schema."""

import json
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    JsonValue,
    StringConstraints,
    UrlConstraints,
    ValidationError,
)
from pydantic_core import CoreSchema, Url

from agent.call_config.errors import CallConfigError
from agent.persona import Persona
from avatar import VideoQuality

# Bytes of a whole document. It travels in tokens and in metadata, of which LiveKit's server takes 64,000 bytes.
MOST_BYTES = 16_000
# Bytes of the metadata that is handed back, as JSON.
_MOST_METADATA = 4_000


class _AsInPersona:
    """Gives a field the type of the persona's field.

    Args:
        field: Name of the persona's field.
    """

    def __init__(self, field: str) -> None:
        self._field = field

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema of the persona's field, or null."""
        field = Persona.model_fields[self._field]
        kind: Any = Annotated[(field.annotation, *field.metadata)] if field.metadata else field.annotation
        return handler.generate_schema(kind | None)


def _bounded(metadata: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(json.dumps(metadata).encode()) > _MOST_METADATA:
        message = f"is larger than {_MOST_METADATA} bytes of JSON"
        raise ValueError(message)
    return metadata


_Id = Annotated[str, StringConstraints(min_length=1, max_length=128)]
_VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*$", max_length=64)]
_VariableValue = Annotated[str, StringConstraints(max_length=2000)]
_HttpsUrl = Annotated[Url, UrlConstraints(allowed_schemes=["https"], host_required=True, max_length=2000)]
# The goodbye takes ten seconds of these minutes.
_Minutes = Annotated[float, Field(ge=0.5, allow_inf_nan=False)]
_Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class CallLimits(BaseModel):
    """Limits of one call. A lower limit of the worker still applies."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    minutes_per_call: _Minutes | None = Field(
        None, description="Minutes of the avatar after which the agent says goodbye and the call ends."
    )
    call_idle_seconds: _Seconds | None = Field(
        None, description="Seconds without a word, a key or a text after which the call ends."
    )
    avatar_idle_seconds: _Seconds | None = Field(
        None, description="Seconds without a word, a key or a text after which the avatar leaves; the call goes on."
    )


class CallConfig(BaseModel):
    """The configuration of one call. Fields that are left out are taken from the worker's settings and the persona."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    persona: _Id | None = Field(None, description="Name of the persona's file, without its ending.")
    name: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = Field(
        None, description="Name of the agent and of its avatar, as callers see it."
    )
    avatar_id: _Id | None = Field(None, description="LiveAvatar's id of the avatar.")
    video_quality: VideoQuality | None = Field(None, description="Quality of the avatar's picture.")
    voice: Annotated[Any, _AsInPersona("voice")] = Field(
        None, description="ElevenLabs' id of the voice, or a table as a persona's `voice` (personas.md)."
    )
    language: Annotated[str, StringConstraints(min_length=2, max_length=16)] | None = Field(
        None, description="The language of the call by Deepgram's name, such as `en-US`, or Deepgram's `multi`."
    )
    model: _Id | None = Field(None, description="Name of the language model, of the vendor that the worker uses.")
    tools: Annotated[Any, _AsInPersona("tools")] = Field(
        None, description="The tools that the language model may call, instead of the persona's."
    )
    variables: Annotated[dict[_VariableName, _VariableValue], Field(max_length=50)] | None = Field(
        None, description="Values for `{name}` in the persona's instructions and opening, by name."
    )
    opening: Annotated[str, StringConstraints(max_length=1000)] | None = Field(
        None, description="The first words, spoken word for word; empty for none."
    )
    limits: CallLimits | None = Field(None, description="Limits, where they are lower than the worker's.")
    webhook: _HttpsUrl | None = Field(None, description="HTTPS address to which the events of this call are sent.")
    metadata: Annotated[dict[str, JsonValue], AfterValidator(_bounded)] | None = Field(
        None, description="An object of yours, handed back in webhooks and in the call's report; 4,000 bytes at most."
    )

    def to_json(self) -> str:
        """Return the fields that are given, as JSON."""
        return self.model_dump_json(exclude_none=True)

    def only(self, fields: set[str]) -> "CallConfig":
        """Return a configuration of these fields alone."""
        return CallConfig.model_construct(**{name: value for name, value in self if name in fields})

    def over(self, other: "CallConfig") -> "CallConfig":
        """Return a configuration of both; a field that is given here takes precedence over the other's."""
        return other.model_copy(update={name: value for name, value in self if value is not None})


def parse_config(document: object) -> CallConfig:
    """Read a configuration.

    Args:
        document: A decoded JSON object.

    Raises:
        CallConfigError: A field is wrong or unknown; the error names all of them.
    """
    if not isinstance(document, dict):
        raise CallConfigError({"": "has to be a JSON object"})
    if len(json.dumps(document).encode()) > MOST_BYTES:
        raise CallConfigError({"": f"is larger than {MOST_BYTES} bytes"})
    try:
        return CallConfig.model_validate(document)
    except ValidationError as error:
        problems = {_field(each["loc"]): _problem(each["type"], each["msg"]) for each in error.errors()}
        raise CallConfigError(problems) from None


def _field(location: tuple[str | int, ...]) -> str:
    return ".".join(str(each) for each in location)


def _problem(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "there is no such field"
    sentence = message.removeprefix("Value error, ")
    return sentence[:1].lower() + sentence[1:] if sentence[1:2].islower() else sentence
