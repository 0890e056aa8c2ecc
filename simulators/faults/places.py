"""The places where a fault can strike: requests of a vendor's API, and moments of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from simulators.vendors import Vendor

# Names of requests or moments, for each vendor that has them.
Places: TypeAlias = Mapping[Vendor, tuple[str, ...]]

# The requests, under the names of their routes, including upgrades to WebSockets.
CALLS: Places = {
    "deepgram": ("listen", "listen_for_turns", "transcribe", "auth", "projects"),
    "elevenlabs": ("stream_input", "multi_stream_input", "stream", "speech", "voices", "user"),
    "openai": ("chat", "models"),
    "liveavatar": (
        *("token", "start", "stop", "keep_alive", "sessions", "session", "avatars", "avatar", "credits"),
        "websocket",
    ),
}

# Moments of a LiveAvatar session, in this order: before the avatar joins its room; a socket was accepted; `connected`
# was sent; a command has arrived and is not carried out yet; the avatar begins an utterance.
Moment = Literal["joining", "opening", "connected", "speak", "speak_end", "interrupt", "speaking"]

_SESSION: tuple[Moment, ...] = ("opening", "connected", "speak", "speak_end", "interrupt", "speaking")
_SOCKET = ("opening", "received", "sent")

SESSION_MOMENTS: Places = {"liveavatar": ("joining", *_SESSION)}
# `received`: a message has arrived and is not handled yet; `sent`: one is about to be sent.
SOCKET_MOMENTS: Places = {
    "deepgram": _SOCKET,
    "elevenlabs": _SOCKET,
    "liveavatar": (*_SESSION, "received", "sent"),
}

# Includes OpenAI's stream of events, whose messages are its chunks.
STREAM_MOMENTS: Places = {**SOCKET_MOMENTS, "openai": ("opening", "sent")}
