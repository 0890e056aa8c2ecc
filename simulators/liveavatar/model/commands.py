"""The client's commands, read from their text frames."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

# Each command, and its fields in addition to `type` and `event_id`. `start` is undocumented; two public clients send
# {"encoding": "pcm_s16le", "sample_rate": 24000, "channels": 1}.
FIELDS: dict[str, frozenset[str]] = {
    "agent.speak": frozenset({"audio"}),
    "agent.speak_end": frozenset({"audio"}),
    "agent.interrupt": frozenset(),
    "agent.start_listening": frozenset(),
    "agent.stop_listening": frozenset(),
    "session.keep_alive": frozenset(),
    "start": frozenset({"encoding", "sample_rate", "channels"}),
}


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        type: Its type on the wire.
        event_id: The client's id for the command; answers refer to it.
        audio: PCM, 24 kHz, mono, s16le; for `agent.speak`, and optional for `agent.speak_end`.
        audio_format: For `start`: encoding, sample rate and channels.
        unknown_fields: Names of fields that the command does not have.
    """

    type: str
    event_id: str | None = None
    audio: bytes = b""
    audio_format: tuple[object, object, object] | None = None
    unknown_fields: tuple[str, ...] = ()


class InvalidCommandError(Exception):
    """A frame is not a command; `event_id` is the client's, if it could be read."""

    def __init__(self, event_id: str | None, message: str) -> None:
        super().__init__(message)
        self.event_id = event_id


def parse_command(frame: str | bytes) -> Command:
    """Parse a frame.

    Raises:
        InvalidCommandError: It is binary, not a JSON object, of an unknown type, or its audio is not base64.
    """
    if isinstance(frame, bytes):
        raise InvalidCommandError(None, "messages must be text")
    try:
        message = json.loads(frame)
    except (ValueError, RecursionError):
        raise InvalidCommandError(None, "the message is not valid JSON") from None
    if not isinstance(message, dict):
        raise InvalidCommandError(None, "the message is not a JSON object")
    event_id = message.get("event_id")
    if not isinstance(event_id, str):
        event_id = None
    kind = message.get("type")
    if not isinstance(kind, str) or kind not in FIELDS:
        raise InvalidCommandError(event_id, "unknown message type")
    audio = _decode_audio(message.get("audio"), event_id, is_required=kind == "agent.speak")
    unknown = tuple(name for name in message if name not in FIELDS[kind] and name not in ("type", "event_id"))
    audio_format = None
    if kind == "start":
        audio_format = (message.get("encoding"), message.get("sample_rate"), message.get("channels"))
    return Command(kind, event_id, audio, audio_format, unknown)


def _decode_audio(audio: object, event_id: str | None, *, is_required: bool) -> bytes:
    if audio is None and not is_required:
        return b""
    if not isinstance(audio, str):
        raise InvalidCommandError(event_id, "audio must be a base64 string")
    try:
        return base64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCommandError(event_id, "audio is not valid base64") from None
