"""What the service says, in every dialect it has spoken, read into one small vocabulary.

The service has changed its events over time and documents neither all of them nor their order. Some sessions send
`agent.state_updated` alone, others `agent.speak_*` alone; older ones name a `task`, and `agent.idle_started`. The
rest of the core sees `Sign`s only.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

_DETAIL_CHARS = 200


class Kind(Enum):
    """What a message of the service tells."""

    CONNECTED = auto()
    SESSION_ENDED = auto()
    TALKING = auto()
    """The avatar speaks."""
    QUIET = auto()
    """The avatar is idle or listens: it has nothing to say, for now or for good."""
    ENDED = auto()
    """A speech is over."""
    CLEARED = auto()
    """An interrupt was carried out."""
    COMMITTED = auto()
    """A `speak_end` has arrived. It says nothing about playback."""
    APPENDED = auto()
    """A chunk has arrived. It says nothing about playback."""
    FAULT = auto()
    UNREADABLE = auto()
    OTHER = auto()
    """Something that changes nothing here."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One message of the service."""

    kind: Kind
    source: str | None = None
    """The event id of the command it answers, where it says so."""
    detail: str = ""


_BY_TYPE = {
    "agent.speak_started": Kind.TALKING,
    "agent.idle_ended": Kind.TALKING,
    "agent.speak_ended": Kind.ENDED,
    "agent.idle_started": Kind.QUIET,
    "agent.speak_interrupted": Kind.CLEARED,
    "agent.audio_buffer_cleared": Kind.CLEARED,
    "agent.audio_buffer_committed": Kind.COMMITTED,
    "agent.audio_buffer_appended": Kind.APPENDED,
    "session.stopped": Kind.SESSION_ENDED,
}
_BY_AGENT_STATE = {"talking": Kind.TALKING, "idle": Kind.QUIET, "listening": Kind.QUIET}
_BY_SESSION_STATE = {
    "connected": Kind.CONNECTED,
    "closing": Kind.SESSION_ENDED,
    "closed": Kind.SESSION_ENDED,
    "disconnected": Kind.SESSION_ENDED,
}


def read(text: str) -> Sign:
    """Read one text frame. Nothing the service sends raises."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return Sign(Kind.UNREADABLE, detail="not JSON")
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return Sign(Kind.UNREADABLE, detail="no object with a type")
    payload = message.get("payload")
    return _sign({**payload, **message} if isinstance(payload, dict) else message)


def _sign(message: Mapping[str, object]) -> Sign:
    match message["type"]:
        case "session.state_updated":
            state = _text(message.get("state"))
            return Sign(_BY_SESSION_STATE.get(state, Kind.OTHER), detail=state)
        case "agent.state_updated":
            state = _text(message.get("new_state", message.get("state")))
            return Sign(_BY_AGENT_STATE.get(state, Kind.OTHER), _source(message), state)
        case "error" | "warning" as level:
            return _fault(level, message.get(level))
        case other:
            return Sign(_BY_TYPE.get(_text(other), Kind.OTHER), _source(message), _text(other))


def _fault(level: str, body: object) -> Sign:
    if not isinstance(body, dict):
        return Sign(Kind.FAULT, source=level, detail=_text(body))
    return Sign(Kind.FAULT, source=f"{level}/{_text(body.get('type'))}", detail=_text(body.get("message")))


def _source(message: Mapping[str, object]) -> str | None:
    source = message.get("source_event_id")
    return source if isinstance(source, str) else None


def _text(value: object) -> str:
    return value[:_DETAIL_CHARS] if isinstance(value, str) else ""
