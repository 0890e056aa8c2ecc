"""The description of an MCP server, `[[mcp]]` in a persona file."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agent.settings.references import Referring


class McpServer(BaseModel):
    """A server of the Model Context Protocol, at a URL or started by a command; docs/tools.md explains each field."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")
    # No secret of the environment may be in it: the client's errors, which are logged, quote it.
    url: str | None = Field(default=None, pattern=r"^https?://[^/$]+(/[^$]*)?$")
    transport: Literal["streamable_http", "sse"] = "streamable_http"
    headers: dict[str, Referring] = {}
    command: tuple[str, ...] = ()
    env: dict[str, Referring] = {}
    tools: tuple[str, ...] | None = None
    connect_timeout: float = Field(default=10.0, gt=0)
    timeout: float = Field(default=30.0, gt=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if bool(self.url) == bool(self.command):
            message = "give either url or command"
            raise ValueError(message)
        return self
