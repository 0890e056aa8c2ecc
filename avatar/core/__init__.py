"""The protocol core: time comes in as an argument; commands, events and the next deadline come out."""

from avatar.core.clock import Run
from avatar.core.commands import Command, Interrupt, KeepAlive, Speak, SpeakEnd, StartListening, StopListening, to_json
from avatar.core.events import (
    Connected,
    Event,
    PlaybackFinished,
    PlaybackProgressed,
    PlaybackStarted,
    ServiceFault,
    SessionEnded,
    SpeechLost,
    Unresponsive,
)
from avatar.core.protocol import AvatarProtocol, Timings
from avatar.core.words import Word

__all__ = [
    "AvatarProtocol",
    "Command",
    "Connected",
    "Event",
    "Interrupt",
    "KeepAlive",
    "PlaybackFinished",
    "PlaybackProgressed",
    "PlaybackStarted",
    "Run",
    "ServiceFault",
    "SessionEnded",
    "Speak",
    "SpeakEnd",
    "SpeechLost",
    "StartListening",
    "StopListening",
    "Timings",
    "Unresponsive",
    "Word",
    "to_json",
]
