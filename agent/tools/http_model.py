"""The description of a tool that is an HTTP request, `[[http_tools]]` in a persona file."""

import re
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from agent.settings.references import Referring

PLACEHOLDER = re.compile(r"\{(\w+)\}")

ToolName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class Parameter(BaseModel):
    """One parameter of a tool; a string is short for a required parameter of that type."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["string", "integer", "number", "boolean"] = "string"
    description: str = ""
    choices: tuple[str | int | float, ...] = ()
    optional: bool = False

    @property
    def json_schema(self) -> dict[str, Any]:
        """The parameter in JSON schema."""
        described = {"description": self.description, "enum": [*self.choices]}
        return {"type": self.type} | {name: value for name, value in described.items() if value}


class HttpTool(BaseModel):
    """A request that the language model may make; docs/tools.md explains each field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: ToolName
    description: str = Field(min_length=1)
    url: Referring
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "GET"
    headers: dict[str, Referring] = {}
    parameters: dict[
        str, Annotated[Parameter, BeforeValidator(lambda given: {"type": given} if isinstance(given, str) else given)]
    ] = {}
    json_schema: dict[str, Any] | None = None
    timeout: float = Field(default=10.0, gt=0)
    answer: str = ""
    card: str = ""
    max_bytes: int = Field(default=4_000, gt=0, le=100_000)

    @model_validator(mode="after")
    def _check(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or PLACEHOLDER.search(parts.netloc):
            message = "url must begin with http:// or https:// and a host without placeholders"
            raise ValueError(message)
        if self.json_schema is not None and (self.parameters or self.json_schema.get("type") != "object"):
            message = 'json_schema replaces parameters, and must have the type "object"'
            raise ValueError(message)
        if unknown := [name for name in self.placeholders if name not in self.arguments_schema.get("properties", {})]:
            message = f"url has {{{unknown[0]}}}, but there is no such parameter"
            raise ValueError(message)
        return self

    @property
    def placeholders(self) -> list[str]:
        """Names of the parameters that are in the URL."""
        return PLACEHOLDER.findall(self.url)

    @property
    def arguments_schema(self) -> dict[str, Any]:
        """The parameters in JSON schema, whether given as `parameters` or as `json_schema`."""
        if self.json_schema is not None:
            return self.json_schema
        required = [name for name, each in self.parameters.items() if not each.optional]
        properties = {name: each.json_schema for name, each in self.parameters.items()}
        return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
