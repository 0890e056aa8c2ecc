"""The answers of the HTTP API that have no model in another module; agent/web/openapi.py describes them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from agent.rooms.connection_details import ConnectionDetails


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Failure(_Answer):
    """The reason why a request was not served."""

    error: str = Field(description="a sentence; a page shows it to the caller")


class Health(_Answer):
    """The worker's health: whether callers can be let in."""

    status: Literal["ok", "full", "draining", "starting"]
    calls: int = Field(description="running calls of the worker; 0 if workers run elsewhere")


class Begun(_Answer):
    """A call that was begun for a backend, and its caller's connection details."""

    id: str = Field(description="the call's id: the room's name")
    url: str = Field(description="URL of LiveKit's server")
    token: str = Field(description="the caller's access token")
    room: str
    identity: str = Field(description="the caller's identity in the room")
    expires_in: float = Field(description="seconds within which the token must be used")

    @classmethod
    def of(cls, details: ConnectionDetails) -> "Begun":
        """Return the answer for these connection details."""
        return cls(
            id=details.room,
            url=details.url,
            token=details.token,
            room=details.room,
            identity=details.identity,
            expires_in=details.expires_in,
        )


class TokenAnswer(_Answer):
    """LiveKit's `TokenSourceResponse`, and the room's name."""

    server_url: str
    participant_token: str
    room_name: str


class PersonaChoice(_Answer):
    """A persona that a caller may choose."""

    persona: str
    name: str


class Choices(_Answer):
    """The choices that a caller has before the call."""

    fields: list[str] = Field(description="fields of the call's configuration that may be given")
    persona: str = Field(description="the persona of a call without a choice")
    personas: list[PersonaChoice]


class ListedSession(_Answer):
    """An avatar session that may run."""

    session_id: str
    room: str
    state: Literal["made", "started", "stopping"]
    seconds: float = Field(description="since it was made")
    is_owned: bool = Field(description="true if the process that made it lives")


class ListedSessions(_Answer):
    """The avatar sessions of this machine that may run."""

    sessions: list[ListedSession]
