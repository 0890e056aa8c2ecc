"""A stand-in for HeyGen's LiveAvatar LITE: REST, WebSocket, and an avatar that joins a real LiveKit room."""

from __future__ import annotations

from simulators.liveavatar.dialect import DIALECTS, FULL, SPEAK_ONLY, STATE_ONLY, TASK_IDS, Dialect
from simulators.liveavatar.options import LiveKitServer, Options
from simulators.liveavatar.server import create_app

__all__ = [
    "DIALECTS",
    "FULL",
    "SPEAK_ONLY",
    "STATE_ONLY",
    "TASK_IDS",
    "Dialect",
    "LiveKitServer",
    "Options",
    "create_app",
]
