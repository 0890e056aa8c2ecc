"""The core: a pure state machine. It takes facts and the time; it returns commands, events, actions and deadlines."""

from avatar.core.actions import (
    Action,
    CancelStart,
    CloseSocket,
    MuteAvatar,
    OpenSocket,
    PublishFallback,
    StartSession,
    StopSession,
    UnpublishFallback,
)
from avatar.core.clock import Run
from avatar.core.commands import Command, Interrupt, KeepAlive, Speak, SpeakEnd, StartListening, StopListening, to_json
from avatar.core.events import (
    AvatarGone,
    AvatarRejected,
    Event,
    PlaybackFinished,
    PlaybackProgressed,
    PlaybackStarted,
    ServiceFault,
    SessionLeft,
    SessionRefused,
    SessionStarted,
    SessionStopped,
    SinkChanged,
    SocketDropped,
    SpeechSent,
    StatusChanged,
    StopFailed,
)
from avatar.core.machine import AvatarMachine
from avatar.core.refusal import Refusal
from avatar.core.server_events import EventKind
from avatar.core.sink import Sink
from avatar.core.status import AvatarReason, AvatarStatus
from avatar.core.timings import Timings
from avatar.core.words import Word

__all__ = [
    "Action",
    "AvatarGone",
    "AvatarMachine",
    "AvatarReason",
    "AvatarRejected",
    "AvatarStatus",
    "CancelStart",
    "CloseSocket",
    "Command",
    "Event",
    "EventKind",
    "Interrupt",
    "KeepAlive",
    "MuteAvatar",
    "OpenSocket",
    "PlaybackFinished",
    "PlaybackProgressed",
    "PlaybackStarted",
    "PublishFallback",
    "Refusal",
    "Run",
    "ServiceFault",
    "SessionLeft",
    "SessionRefused",
    "SessionStarted",
    "SessionStopped",
    "Sink",
    "SinkChanged",
    "SocketDropped",
    "Speak",
    "SpeakEnd",
    "SpeechSent",
    "StartListening",
    "StartSession",
    "StatusChanged",
    "StopFailed",
    "StopListening",
    "StopSession",
    "Timings",
    "UnpublishFallback",
    "Word",
    "to_json",
]
