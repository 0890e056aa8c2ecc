"""The service's messages, in every dialect that was seen, parsed into one small vocabulary.

The service has changed its events over time and documents neither all of them nor their order: some sessions send only
`agent.state_updated`, others only `agent.speak_*`, older ones name a `task` and send `agent.idle_started`. Both
families can come in one session (field observation 42). The rest of the core uses only `ServerEvent`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

_DETAIL_CHARS = 200


class EventKind(Enum):
    """The meaning of a message of the service, or of a report of the fallback track."""

    # The session takes commands.
    CONNECTED = auto()
    SESSION_ENDED = auto()
    # The sink plays an utterance.
    STARTED = auto()
    # The sink is idle or listens: it has no audio to play, for now or for good.
    SILENT = auto()
    # An utterance was played to its end.
    ENDED = auto()
    # An interrupt was carried out.
    CLEARED = auto()
    # A `speak_end` has arrived. That says nothing about playback.
    COMMITTED = auto()
    # A chunk has arrived. That says nothing about playback.
    APPENDED = auto()
    # An error or a warning; nothing is lost by that alone (field observation 51).
    FAULT = auto()
    UNREADABLE = auto()
    # A message that changes nothing here.
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One message of the service."""

    kind: EventKind
    # Event id of the command that the message answers, if it names one.
    source: str | None = None
    # The service's own words, at most 200 characters.
    detail: str = ""


_BY_TYPE = {
    "agent.speak_started": EventKind.STARTED,
    "agent.idle_ended": EventKind.STARTED,
    "agent.speak_ended": EventKind.ENDED,
    "agent.idle_started": EventKind.SILENT,
    "agent.speak_interrupted": EventKind.CLEARED,
    "agent.audio_buffer_cleared": EventKind.CLEARED,
    "agent.audio_buffer_committed": EventKind.COMMITTED,
    "agent.audio_buffer_appended": EventKind.APPENDED,
    "session.stopped": EventKind.SESSION_ENDED,
}
_BY_AGENT_STATE = {"talking": EventKind.STARTED, "idle": EventKind.SILENT, "listening": EventKind.SILENT}
_BY_SESSION_STATE = {
    "connected": EventKind.CONNECTED,
    "closing": EventKind.SESSION_ENDED,
    "closed": EventKind.SESSION_ENDED,
    "disconnected": EventKind.SESSION_ENDED,
}


def parse_event(text: str) -> ServerEvent:
    """Parse one text frame. No message of the service raises."""
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return ServerEvent(EventKind.UNREADABLE, detail="not JSON")
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        return ServerEvent(EventKind.UNREADABLE, detail="no object with a type")
    payload = message.get("payload")
    return _parse({**payload, **message} if isinstance(payload, dict) else message)


def _parse(message: Mapping[str, object]) -> ServerEvent:
    match message["type"]:
        case "session.state_updated":
            state = _text(message.get("state"))
            return ServerEvent(_BY_SESSION_STATE.get(state, EventKind.OTHER), detail=state)
        case "agent.state_updated":
            state = _text(message.get("new_state", message.get("state")))
            return ServerEvent(_BY_AGENT_STATE.get(state, EventKind.OTHER), _source(message), state)
        case "error" | "warning" as level:
            return _fault(level, message.get(level))
        case other:
            return ServerEvent(_BY_TYPE.get(_text(other), EventKind.OTHER), _source(message), _text(other))


def _fault(level: str, body: object) -> ServerEvent:
    if not isinstance(body, dict):
        return ServerEvent(EventKind.FAULT, source=level, detail=_text(body))
    return ServerEvent(EventKind.FAULT, source=f"{level}/{_text(body.get('type'))}", detail=_text(body.get("message")))


def _source(message: Mapping[str, object]) -> str | None:
    source = message.get("source_event_id")
    return source if isinstance(source, str) else None


def _text(value: object) -> str:
    return value[:_DETAIL_CHARS] if isinstance(value, str) else ""
