"""The outputs of the model, to be carried out in their order."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Replied:
    """A request is answered with JSON."""

    request_id: int
    status: int
    headers: Mapping[str, str]
    body: object = field(repr=False)


@dataclass(frozen=True, slots=True)
class SocketOpened:
    """A WebSocket handshake succeeded."""

    socket_id: int


@dataclass(frozen=True, slots=True)
class SocketRefused:
    """A WebSocket handshake was answered with an HTTP status."""

    socket_id: int
    status: int


@dataclass(frozen=True, slots=True)
class SocketText:
    """The service sends a text message."""

    socket_id: int
    text: str


@dataclass(frozen=True, slots=True)
class SocketStruck:
    """A fault strikes a WebSocket after the messages before it; only the model's owner knows the fault's type."""

    socket_id: int
    fault: object


@dataclass(frozen=True, slots=True)
class SocketClosed:
    """The service closes a WebSocket, or the client sees it lost (1006)."""

    socket_id: int
    code: int


@dataclass(frozen=True, slots=True)
class AvatarJoined:
    """The avatar joins its room."""

    session_id: str
    identity: str


@dataclass(frozen=True, slots=True)
class AvatarLeft:
    """The avatar leaves its room."""

    session_id: str
    identity: str


Happening: TypeAlias = (
    Replied | SocketOpened | SocketRefused | SocketText | SocketStruck | SocketClosed | AvatarJoined | AvatarLeft
)
