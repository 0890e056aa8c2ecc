"""The requests of clients to begin a call, and to wait for a repeat."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from agent.call_config import CallConfig
from agent.control.payloads import LONGEST_WAIT

_Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64)]


class _DescribedAsConfig:
    """Describes a field as a `CallConfig`, which `CallConfigs` parses and checks."""

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return handler(CallConfig.__pydantic_core_schema__)


_Call = Annotated[dict[str, Any] | None, _DescribedAsConfig]


class CallRequest(BaseModel):
    """The body of a request for a token.

    Attributes:
        name: The caller's name, shown in the room.
        again: The token of a call that the caller was in.
        call: The configuration of the call.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    name: _Name = ""
    again: str = ""
    call: _Call = None


class NewCall(BaseModel):
    """A call that a backend begins.

    Attributes:
        name: The caller's name, shown in the room.
        call: The configuration of the call.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    name: _Name = ""
    call: _Call = None


class Wait(BaseModel):
    """The query of a request for a repeat."""

    model_config = ConfigDict(extra="forbid")

    wait: float = Field(default=0.0, ge=0.0, le=LONGEST_WAIT, description="seconds to wait for its end")
