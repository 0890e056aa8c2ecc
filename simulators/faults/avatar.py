"""The faults of LiveAvatar's sessions and of the rooms that its avatars join."""

from __future__ import annotations

from typing import ClassVar, Literal
from uuid import uuid4

from pydantic import Field, JsonValue

from simulators.faults.fault import MomentFault
from simulators.faults.places import SESSION_MOMENTS, SOCKET_MOMENTS, Places
from simulators.faults.sockets import Spoken

_LIVEAVATAR: Places = {"liveavatar": SOCKET_MOMENTS["liveavatar"]}


class SessionFault(MomentFault):
    """A fault of a session, independent of its client's socket."""

    places: ClassVar[Places] = SESSION_MOMENTS
    usual_moment: ClassVar[str | None] = "opening"


class Unready(SessionFault):
    """Sends `connected` `seconds` later, or never."""

    places: ClassVar[Places] = {"liveavatar": ("opening",)}
    kind: Literal["unready"] = "unready"
    seconds: float | None = Field(default=None, ge=0.0)


class Mute(SessionFault):
    """Accepts everything, plays nothing and sends nothing."""

    kind: Literal["mute"] = "mute"


class Deaf(SessionFault):
    """Neither obeys nor confirms interrupts."""

    kind: Literal["deaf"] = "deaf"


class End(SessionFault):
    """Ends the session, with one of the service's own reasons."""

    kind: Literal["end"] = "end"
    reason: Literal[
        "SERVER_ERROR",
        "IDLE_TIMEOUT",
        "NO_CREDITS",
        "USER_DISCONNECTED",
        "USER_CLOSED",
        "AVATAR_DELETED",
        "MAX_DURATION_REACHED",
        "ZOMBIE_SESSION_REAP",
    ] = "SERVER_ERROR"


class ErrorEvent(Spoken):
    """Sends an `error`."""

    places: ClassVar[Places] = _LIVEAVATAR
    kind: Literal["error"] = "error"
    type: str = "server_error"
    message: str = "This error was asked for at the stand-in"

    @property
    def messages(self) -> list[JsonValue]:
        """The event."""
        return [_event("error", error={"type": self.type, "message": self.message, "event_id": None})]


class WarningEvent(Spoken):
    """Sends a `warning`."""

    places: ClassVar[Places] = _LIVEAVATAR
    kind: Literal["warning"] = "warning"
    type: str = "degraded"
    message: str = "This warning was asked for at the stand-in"

    @property
    def messages(self) -> list[JsonValue]:
        """The event."""
        return [_event("warning", warning={"type": self.type, "message": self.message})]


class UnknownEvent(Spoken):
    """Sends an event of a type that does not exist."""

    places: ClassVar[Places] = _LIVEAVATAR
    kind: Literal["unknown_event"] = "unknown_event"

    @property
    def messages(self) -> list[JsonValue]:
        """The event."""
        return [_event("agent.mood_changed", mood={"name": "cheerful"})]


class ForeignEvent(Spoken):
    """Sends the start and the end of an utterance of another session."""

    places: ClassVar[Places] = _LIVEAVATAR
    kind: Literal["foreign_event"] = "foreign_event"

    @property
    def messages(self) -> list[JsonValue]:
        """Two events that answer a command that this client did not send."""
        names: dict[str, JsonValue] = {"source_event_id": str(uuid4()), "session_id": str(uuid4())}
        return [_event(f"agent.{kind}", **names) for kind in ("speak_started", "speak_ended")]


class RoomFault(SessionFault):
    """A fault of the avatar's presence in its room; the session itself does not notice it."""

    usual_moment: ClassVar[str | None] = "joining"


class NeverJoins(RoomFault):
    """The avatar does not join the room; `connected` is sent anyway."""

    places: ClassVar[Places] = {"liveavatar": ("joining",)}
    kind: Literal["never_joins"] = "never_joins"


class Leaves(RoomFault):
    """The avatar leaves the room; its session stays."""

    kind: Literal["leaves"] = "leaves"


class Frozen(RoomFault):
    """The avatar's tracks send no more frames, neither audio nor video."""

    kind: Literal["frozen"] = "frozen"


class Unpublished(RoomFault):
    """The avatar unpublishes its tracks and stays in the room."""

    kind: Literal["unpublished"] = "unpublished"


def _event(kind: str, **fields: JsonValue) -> dict[str, JsonValue]:
    return {"type": kind, "event_id": str(uuid4()), **fields}
