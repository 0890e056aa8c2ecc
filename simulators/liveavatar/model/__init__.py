"""The service as a model: pure, with `now` as an argument, so that both the stand-in and property tests can use it.

Nothing in here does I/O, reads a clock or draws random numbers.
"""

from __future__ import annotations

from simulators.liveavatar.model.avatars import DRAWN_FACE_ID, EXPIRED_ID, WAYNE_ID
from simulators.liveavatar.model.dialect import DIALECTS, FULL, SPEAK_ONLY, STATE_ONLY, TASK_IDS, Dialect
from simulators.liveavatar.model.habits import Habits
from simulators.liveavatar.model.happenings import (
    AvatarJoined,
    AvatarLeft,
    Happening,
    Replied,
    SocketClosed,
    SocketOpened,
    SocketRefused,
    SocketStruck,
    SocketText,
)
from simulators.liveavatar.model.service import ServiceModel
from simulators.liveavatar.model.session import Session
from simulators.liveavatar.model.utterance import RATE_HZ, SAMPLE_BYTES, Utterance

__all__ = [
    "DIALECTS",
    "DRAWN_FACE_ID",
    "EXPIRED_ID",
    "FULL",
    "RATE_HZ",
    "SAMPLE_BYTES",
    "SPEAK_ONLY",
    "STATE_ONLY",
    "TASK_IDS",
    "WAYNE_ID",
    "AvatarJoined",
    "AvatarLeft",
    "Dialect",
    "Habits",
    "Happening",
    "Replied",
    "ServiceModel",
    "Session",
    "SocketClosed",
    "SocketOpened",
    "SocketRefused",
    "SocketStruck",
    "SocketText",
    "Utterance",
]
