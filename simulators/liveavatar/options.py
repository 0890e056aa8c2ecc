"""The options of the stand-in."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulators.liveavatar.model import Habits


@dataclass(frozen=True, slots=True)
class LiveKitServer:
    """A LiveKit server on which the stand-in opens rooms for sessions without a `livekit_config`."""

    url: str
    api_key: str
    api_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Options:
    """The stand-in's settings.

    Attributes:
        api_key: The only key that is accepted.
        habits: The service's behaviour; as observed by default.
        livekit: Server for its own rooms; None: every session must bring its room in `livekit_config`.
        livekit_url: URL to join instead of the one in `livekit_config`, for a server with another address from here.
    """

    api_key: str = field(default="stand-in", repr=False)
    habits: Habits = field(default_factory=Habits)
    livekit: LiveKitServer | None = None
    livekit_url: str | None = None
