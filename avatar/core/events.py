"""What the core tells its shell: past-tense facts, in the order in which they happened."""

from dataclasses import dataclass

from avatar.core.clock import Run
from avatar.core.floor import Mouth


@dataclass(frozen=True, slots=True)
class Connected:
    """The service takes commands."""


@dataclass(frozen=True, slots=True)
class Unresponsive:
    """The service did not say `connected` in time; the connection is of no use."""

    waited: float
    """Seconds since it was opened."""


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The service ended the session: it is closing, closed or disconnected."""

    state: str


@dataclass(frozen=True, slots=True)
class SpeechSent:
    """The first chunk of a segment was given to who speaks. There is one for each of which a chunk was."""

    segment: int


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The avatar began to speak a segment."""

    segment: int
    at: float


@dataclass(frozen=True, slots=True)
class PlaybackProgressed:
    """A stretch of a segment was played; it is never revised."""

    segment: int
    run: Run
    """Its offset counts from the start of the segment."""


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """A segment is over. There is one for each that was captured."""

    segment: int
    position: float
    """Seconds of it that were played."""
    interrupted: bool


@dataclass(frozen=True, slots=True)
class VoiceNeeded:
    """There is something to say, the avatar has been away for too long, and there is no voice. It is told once."""


@dataclass(frozen=True, slots=True)
class MouthChanged:
    """From now on this one speaks."""

    mouth: Mouth


@dataclass(frozen=True, slots=True)
class SpeechLost:
    """The avatar was given speech and is not speaking it: the session is of no use. The speech was taken back."""

    segment: int
    position: float


@dataclass(frozen=True, slots=True)
class ServiceFault:
    """The service complained, or sent what can't be read. Nothing is lost by that alone."""

    kind: str
    """`error` or `warning` and its type, such as `error/video_starvation`; `unreadable` for what is no message."""
    detail: str
    """The service's own words, cut to 200 characters."""


Event = (
    Connected
    | Unresponsive
    | SessionEnded
    | SpeechSent
    | PlaybackStarted
    | PlaybackProgressed
    | PlaybackFinished
    | SpeechLost
    | VoiceNeeded
    | MouthChanged
    | ServiceFault
)
