"""Where a fault can strike: at the calls of a vendor's API, and at moments of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from simulators.vendors import Vendor

# Names of calls or moments, for each vendor that has them.
Places: TypeAlias = Mapping[Vendor, tuple[str, ...]]

# The calls, under the names of their routes; an upgrade to a WebSocket is one of them.
CALLS: Places = {
    "deepgram": ("listen", "listen_for_turns", "transcribe", "auth", "projects"),
    "elevenlabs": ("stream_input", "multi_stream_input", "stream", "speech", "voices", "user"),
    "openai": ("chat", "models"),
    "liveavatar": (
        *("token", "start", "stop", "keep_alive", "sessions", "session", "avatars", "avatar", "credits"),
        "websocket",
    ),
}

# Of a LiveAvatar session: before the avatar joins its room, a socket was accepted, `connected` was told, a command came
# and is not obeyed yet, the avatar begins an utterance.
Moment = Literal["joining", "opening", "connected", "speak", "speak_end", "interrupt", "speaking"]

_SESSION: tuple[Moment, ...] = ("opening", "connected", "speak", "speak_end", "interrupt", "speaking")
_SOCKET = ("opening", "received", "sent")

SESSION_MOMENTS: Places = {"liveavatar": ("joining", *_SESSION)}
# `received` and `sent`: a message came and is not looked at yet, one is about to leave.
SOCKET_MOMENTS: Places = {
    "deepgram": _SOCKET,
    "elevenlabs": _SOCKET,
    "liveavatar": (*_SESSION, "received", "sent"),
}

# With OpenAI's stream of events, whose messages are its chunks.
STREAM_MOMENTS: Places = {**SOCKET_MOMENTS, "openai": ("opening", "sent")}
