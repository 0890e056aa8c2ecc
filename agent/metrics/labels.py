"""The values of labels: every label has few, whatever happens."""

from typing import Any

from livekit.agents import APIConnectionError, APIStatusError, APITimeoutError, CloseReason

from agent.call.budget import Reason

OTHER = "other"

# Reasons for which `agent.call.call` ends a call.
CALL_ENDS = (
    "the caller has left",
    "a caller ended it",
    "the session was shut down",
    "the job ends",
    *Reason,
    *(f"the session closed: {reason.value}" for reason in CloseReason),
)

# The beginnings of `SessionLeft.detail`, as the state machine of `avatar.core` words them.
SESSION_ENDS = (
    "the call is over",
    "the session's time is up",
    "another avatar is wanted",
    "the service ended the session",
    "the service has cut the speech off",
    "the avatar does not play what it was sent",
    "no sound of the avatar arrives in the room",
    "the avatar has left the room",
    "the avatar did not come into the room",
    "the avatar's WebSocket can't be opened",
    "the session of the hosted room is gone",
    *Reason,
)

# The vendor behind each kind of error of the agent session. A fallback vendor counts as the primary one.
VENDORS = {"stt_error": "deepgram", "llm_error": "openai", "tts_error": "elevenlabs"}

_HTTP_ERRORS = range(400, 600)


def one_of(known: tuple[str, ...], text: str) -> str:
    """Return the known sentence that a text begins with, else `other`."""
    return next((sentence for sentence in known if text.startswith(sentence)), OTHER)


def vendor_of(error: Any) -> str:
    """Return the vendor of an `ErrorEvent.error`."""
    return VENDORS.get(getattr(error, "type", ""), OTHER)


def status_of(error: Any) -> str:
    """Return the status of an `ErrorEvent.error`: an HTTP status, `timeout`, `connection`, or `other`."""
    cause = getattr(error, "error", error)
    match cause:
        case APIStatusError(status_code=code) if code in _HTTP_ERRORS:
            return str(code)
        case APITimeoutError():
            return "timeout"
        case APIConnectionError():
            return "connection"
        case _:
            return OTHER
