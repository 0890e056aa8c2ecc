"""The client's commands, read from their text frames."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Literal, TypeGuard, get_args

CommandType = Literal[
    "agent.speak",
    "agent.speak_end",
    "agent.interrupt",
    "agent.start_listening",
    "agent.stop_listening",
    "session.keep_alive",
    "start",  # undocumented, sent by two public clients: {"encoding": "pcm_s16le", "sample_rate": 24000, "channels": 1}
]


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        type: as on the wire.
        event_id: the client's own name for the command; the answers refer to it.
        audio: PCM, 24 kHz, mono, s16le; of `agent.speak`, and optional with `agent.speak_end`.
        audio_format: of `start`: encoding, sample rate, channels as the client told them.
    """

    type: CommandType
    event_id: str | None = None
    audio: bytes = b""
    audio_format: tuple[object, object, object] | None = None


class InvalidCommandError(Exception):
    """A frame that is no command; `event_id` is the client's, when it could be read."""

    def __init__(self, event_id: str | None, message: str) -> None:
        super().__init__(message)
        self.event_id = event_id


def parse_command(frame: str) -> Command:
    """Read a text frame.

    Raises:
        InvalidCommandError: it is not a JSON object, of no known type, or its audio is not base64.
    """
    try:
        message = json.loads(frame)
    except ValueError:
        raise InvalidCommandError(None, "the message is not valid JSON") from None
    if not isinstance(message, dict):
        raise InvalidCommandError(None, "the message is not a JSON object")
    event_id = message.get("event_id")
    if not isinstance(event_id, str):
        event_id = None
    kind = message.get("type")
    if not _is_command_type(kind):
        raise InvalidCommandError(event_id, "unknown message type")
    audio = _decode_audio(message.get("audio"), event_id, required=kind == "agent.speak")
    audio_format = None
    if kind == "start":
        audio_format = (message.get("encoding"), message.get("sample_rate"), message.get("channels"))
    return Command(kind, event_id, audio, audio_format)


def _is_command_type(kind: object) -> TypeGuard[CommandType]:
    return kind in get_args(CommandType)


def _decode_audio(audio: object, event_id: str | None, *, required: bool) -> bytes:
    if audio is None and not required:
        return b""
    if not isinstance(audio, str):
        raise InvalidCommandError(event_id, "audio must be a base64 string")
    try:
        return base64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidCommandError(event_id, "audio is not valid base64") from None
