"""The events that the machine reports, in the order in which they happened."""

from dataclasses import dataclass

from avatar.core.clock import Run
from avatar.core.refusal import Refusal
from avatar.core.sink import Sink
from avatar.core.status import AvatarStatus

# About speech


@dataclass(frozen=True, slots=True)
class SpeechSent:
    """The first chunk of a segment was sent to a sink. Emitted once per segment."""

    segment: int


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """A sink began to play a segment."""

    segment: int
    # Monotonic seconds.
    at: float


@dataclass(frozen=True, slots=True)
class PlaybackProgressed:
    """A part of a segment was played; it is never revised."""

    segment: int
    # The run's offset counts from the start of the segment.
    run: Run


@dataclass(frozen=True, slots=True)
class PlaybackFinished:
    """A segment is over. Emitted once per captured segment."""

    segment: int
    # Seconds of the segment that were played.
    position: float
    interrupted: bool


# About the avatar


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """The avatar came or went."""

    status: AvatarStatus


@dataclass(frozen=True, slots=True)
class AvatarGone:
    """No avatar will come back, unless the call engages one again."""

    refusal: Refusal | None
    detail: str


@dataclass(frozen=True, slots=True)
class AvatarRejected:
    """The avatar that the call wanted to change to failed: the previous one stays, or comes back."""

    avatar_id: str
    detail: str


@dataclass(frozen=True, slots=True)
class SinkChanged:
    """Another sink plays the speech from now on."""

    sink: Sink


# For the log, for metrics and for traces


@dataclass(frozen=True, slots=True)
class SessionStarted:
    """The service runs a session."""

    session: int
    session_id: str


@dataclass(frozen=True, slots=True)
class SessionStopped:
    """The service has confirmed the stop of a session."""

    session: int


@dataclass(frozen=True, slots=True)
class StopFailed:
    """The service did not confirm the stop of a session: the session may still be billed."""

    session: int


@dataclass(frozen=True, slots=True)
class SessionLeft:
    """A session is no longer used, and is being stopped."""

    session: int
    detail: str
    # True if the session failed; False if the machine decided to leave it.
    failed: bool


@dataclass(frozen=True, slots=True)
class SocketDropped:
    """The WebSocket of a session is lost, and another one is opened."""

    session: int
    detail: str


@dataclass(frozen=True, slots=True)
class SessionRefused:
    """The service refused a session, or did not answer."""

    refusal: Refusal
    detail: str
    # Seconds until the next attempt; None if there is none.
    retry_in: float | None


@dataclass(frozen=True, slots=True)
class ServiceFault:
    """The service sent an error, a warning, or a message that can't be parsed. That alone loses nothing."""

    session: int
    # `error` or `warning` and its type, such as `error/video_starvation`; `unreadable` if it can't be parsed.
    kind: str
    # The service's own words, at most 200 characters.
    detail: str


Event = (
    SpeechSent
    | PlaybackStarted
    | PlaybackProgressed
    | PlaybackFinished
    | StatusChanged
    | AvatarGone
    | AvatarRejected
    | SinkChanged
    | SessionStarted
    | SessionStopped
    | StopFailed
    | SessionLeft
    | SocketDropped
    | SessionRefused
    | ServiceFault
)
