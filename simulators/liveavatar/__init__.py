"""A stand-in for HeyGen's LiveAvatar LITE: REST, WebSocket, and an avatar that joins a real LiveKit room."""

from __future__ import annotations

from simulators.liveavatar.model import DIALECTS, FULL, SPEAK_ONLY, STATE_ONLY, TASK_IDS, Dialect, Habits
from simulators.liveavatar.options import LiveKitServer, Options
from simulators.liveavatar.server import create_app
from simulators.liveavatar.service import SERVICE

__all__ = [
    "DIALECTS",
    "FULL",
    "SERVICE",
    "SPEAK_ONLY",
    "STATE_ONLY",
    "TASK_IDS",
    "Dialect",
    "Habits",
    "LiveKitServer",
    "Options",
    "create_app",
]
