"""The commands of the LITE WebSocket: one frozen class each, and their JSON.

Shapes as in LITE mode, "Events". Commands of the service that are not needed here are left out.
"""

import base64
import json
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Speak:
    """Append speech to the avatar's playback buffer."""

    # The same for all chunks of an utterance: different ids break its playback.
    event_id: str
    # PCM16, 24 kHz, mono.
    audio: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SpeakEnd:
    """End the utterance: the avatar may go idle once it was played."""

    event_id: str


@dataclass(frozen=True, slots=True)
class Interrupt:
    """Drop all speech, playing or queued."""

    event_id: str


@dataclass(frozen=True, slots=True)
class StartListening:
    """Take the listening pose."""

    event_id: str


@dataclass(frozen=True, slots=True)
class StopListening:
    """Leave the listening pose."""

    event_id: str


@dataclass(frozen=True, slots=True)
class KeepAlive:
    """Restart the service's idle timeout (5 minutes)."""

    event_id: str


Command = Speak | SpeakEnd | Interrupt | StartListening | StopListening | KeepAlive

_TYPES: dict[type[Command], str] = {
    Speak: "agent.speak",
    SpeakEnd: "agent.speak_end",
    Interrupt: "agent.interrupt",
    StartListening: "agent.start_listening",
    StopListening: "agent.stop_listening",
    KeepAlive: "session.keep_alive",
}

_encode = json.JSONEncoder(separators=(",", ":")).encode


def to_json(command: Command) -> str:
    """Return the text frame of a command."""
    text = _encode({"type": _TYPES[type(command)], "event_id": command.event_id})
    if isinstance(command, Speak):
        # No character of base64 is escaped in JSON, and searching for one takes most of the encoder's time.
        return f'{text[:-1]},"audio":"{base64.b64encode(command.audio).decode("ascii")}"}}'
    return text
