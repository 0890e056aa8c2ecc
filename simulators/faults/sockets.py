"""The faults of sockets and streams."""

from __future__ import annotations

import json
from typing import ClassVar, Literal

from pydantic import Field, JsonValue

from simulators.faults.fault import SocketFault
from simulators.faults.places import SOCKET_MOMENTS, STREAM_MOMENTS, Places

# More than the 4 MiB that aiohttp's client accepts, and five times what LiveAvatar accepts.
HUGE_BYTES = 5 * 2**20

# Far more than a recursive parser can handle.
DEEP_LEVELS = 100_000

DAMAGED_FRAMES: dict[str, str | bytes] = {
    "text": "this is not JSON",
    "array": '["this", "is", "no", "object"]',
    "binary": b"\x00\xff\xfe",
    "deep": "[" * DEEP_LEVELS + "]" * DEEP_LEVELS,
}


class Drop(SocketFault):
    """Resets the connection."""

    kind: Literal["drop"] = "drop"


class Silent(SocketFault):
    """Accepts everything and sends nothing more."""

    kind: Literal["silent"] = "silent"


class Lag(SocketFault):
    """Sends everything from here on `seconds` later."""

    kind: Literal["lag"] = "lag"
    seconds: float = Field(ge=0.0)


class Torn(SocketFault):
    """Sends half of the next chunk of a stream and hangs up."""

    places: ClassVar[Places] = {"openai": STREAM_MOMENTS["openai"]}
    kind: Literal["torn"] = "torn"


class Close(SocketFault):
    """Closes the WebSocket with a code."""

    places: ClassVar[Places] = SOCKET_MOMENTS
    kind: Literal["close"] = "close"
    code: int = Field(default=1011, ge=1000, le=4999)
    message: str = ""


class HalfOpen(SocketFault):
    """Reads nothing, sends nothing and answers no ping; the socket stays open."""

    places: ClassVar[Places] = SOCKET_MOMENTS
    kind: Literal["half_open"] = "half_open"


class SlowReader(SocketFault):
    """Reads so slowly that in the end the client cannot send."""

    places: ClassVar[Places] = SOCKET_MOMENTS
    kind: Literal["slow_reader"] = "slow_reader"
    bytes_per_second: float = Field(gt=0.0)


class Duplicate(SocketFault):
    """Sends the next message twice."""

    places: ClassVar[Places] = SOCKET_MOMENTS
    kind: Literal["duplicate"] = "duplicate"


class Swap(SocketFault):
    """Sends the next message after the one that follows it."""

    places: ClassVar[Places] = SOCKET_MOMENTS
    kind: Literal["swap"] = "swap"


class Spoken(SocketFault):
    """A fault that sends frames."""

    places: ClassVar[Places] = SOCKET_MOMENTS

    @property
    def frames(self) -> list[str | bytes]:
        """The frames to send, as text or binary."""
        return [json.dumps(message) for message in self.messages]

    @property
    def messages(self) -> list[JsonValue]:
        """The messages to send, before they become JSON."""
        return []


class Garbage(Spoken):
    """Sends a frame that is not a message: not JSON, not an object, binary, of several MB, or nested too deeply."""

    kind: Literal["garbage"] = "garbage"
    form: Literal["text", "array", "binary", "huge", "deep"] = "text"

    @property
    def frames(self) -> list[str | bytes]:
        """One frame."""
        if self.form == "huge":
            return [json.dumps({"type": "padding", "padding": "x" * HUGE_BYTES})]
        return [DAMAGED_FRAMES[self.form]]


class Say(Spoken):
    """Sends this message."""

    kind: Literal["say"] = "say"
    body: JsonValue

    @property
    def messages(self) -> list[JsonValue]:
        """The message."""
        return [self.body]


class QuotaExceeded(Spoken):
    """Sends the message that the quota is used up, in ElevenLabs' words, and closes with 1008."""

    places: ClassVar[Places] = {"elevenlabs": SOCKET_MOMENTS["elevenlabs"]}
    kind: Literal["quota_exceeded"] = "quota_exceeded"

    @property
    def messages(self) -> list[JsonValue]:
        """ElevenLabs' message on a WebSocket; the same words come with 401 over HTTP."""
        told = (
            "This request exceeds your quota of 10000. "
            "You have 0 credits remaining, while 24 credits are required for this request."
        )
        return [{"message": told, "error": "quota_exceeded", "code": 1008}]
