"""The format of a backend's request to a call, which passes through LiveKit's server.

LiveKit's server calls the agent's RPC method `backend` for clients with the project's keys (`RoomService.PerformRpc`).
The agent sees a new identity with each request (seen with livekit-server 1.13.5: the request's own id), which any
participant could have. So a request contains a token of the room's administrator, as LiveKit's own requests do.
"""

from datetime import timedelta
from typing import Any, Literal, get_args

import jwt
from livekit import api
from pydantic import BaseModel, ConfigDict, Field

METHOD = "backend"

BackendMethod = Literal["talk", "repeat", "get_repeat", "interrupt", "end_call"]
BACKEND_METHODS: tuple[str, ...] = get_args(BackendMethod)

# How long a token is valid after it was made.
_TOKEN_LIFETIME = timedelta(minutes=1)


class BackendRequest(BaseModel):
    """A method of the control protocol that a backend calls.

    Attributes:
        token: Of the room's administrator.
        id: Of the request. One that arrives twice is carried out once: LiveKit's server sends a request again when its
            answer takes three seconds (seen with 1.13.5).
        method: Name of the method.
        payload: Of the method.
    """

    model_config = ConfigDict(extra="forbid")

    token: str
    id: str = Field(min_length=1, max_length=64)
    method: BackendMethod
    payload: dict[str, Any]


class Refused(BaseModel):
    """Why a request was not carried out: a code of the control protocol, and a sentence."""

    code: int
    message: str
    retry_after: float | None = None


class BackendAnswer(BaseModel):
    """The answer of the method, or why there is none."""

    answer: dict[str, Any] = Field(default_factory=dict)
    refused: Refused | None = None


def admin_token(key: str, secret: str, room: str) -> str:
    """Make a token of a room's administrator, valid for a minute.

    Args:
        key: LiveKit's API key.
        secret: LiveKit's API secret.
        room: The room's name.
    """
    grants = api.VideoGrants(room_admin=True, room=room)
    return api.AccessToken(key, secret).with_ttl(_TOKEN_LIFETIME).with_grants(grants).to_jwt()


def is_admin(token: str, key: str, secret: str, room: str) -> bool:
    """Return whether a token lets its holder administer this room."""
    try:
        video = api.TokenVerifier(key, secret).verify(token).video
    except (jwt.PyJWTError, ValueError):
        return False
    return video is not None and video.room_admin is True and video.room == room
