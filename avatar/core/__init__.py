"""The protocol core: time comes in as an argument; commands, events and the next deadline come out."""

from avatar.core.clock import Run
from avatar.core.commands import Command, Interrupt, KeepAlive, Speak, SpeakEnd, StartListening, StopListening, to_json
from avatar.core.events import (
    Connected,
    Event,
    MouthChanged,
    PlaybackFinished,
    PlaybackProgressed,
    PlaybackStarted,
    ServiceFault,
    SessionEnded,
    SpeechLost,
    SpeechSent,
    Unresponsive,
    VoiceNeeded,
)
from avatar.core.floor import Mouth
from avatar.core.protocol import AvatarProtocol
from avatar.core.timings import Timings
from avatar.core.words import Word

__all__ = [
    "AvatarProtocol",
    "Command",
    "Connected",
    "Event",
    "Interrupt",
    "KeepAlive",
    "Mouth",
    "MouthChanged",
    "PlaybackFinished",
    "PlaybackProgressed",
    "PlaybackStarted",
    "Run",
    "ServiceFault",
    "SessionEnded",
    "Speak",
    "SpeakEnd",
    "SpeechLost",
    "SpeechSent",
    "StartListening",
    "StopListening",
    "Timings",
    "Unresponsive",
    "VoiceNeeded",
    "Word",
    "to_json",
]
