"""What can be set on the stand-in."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulators.liveavatar.dialect import FULL, Dialect


@dataclass(frozen=True, slots=True)
class LiveKitServer:
    """A LiveKit server on which the stand-in opens rooms of its own, for sessions without a `livekit_config`."""

    url: str
    api_key: str
    api_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Options:
    """The stand-in's settings; delays and limits in seconds.

    Attributes:
        api_key: the only key that is accepted.
        dialect: which server events are sent, in which words.
        livekit: where rooms of its own are opened; None: every session must bring its room in `livekit_config`.
        livekit_url: joined instead of the URL in `livekit_config`, for a server that has another address from here.
        token_delay: until `POST /v1/sessions/token` is answered.
        start_delay: until `POST /v1/sessions/start` is answered. With `token_delay` 1.3 s were seen by users.
        connect_delay: from the open socket to `connected`.
        start_latency: from the first audio to the first sound. About 0.2 s were seen by users.
        sandbox_seconds: length of a sandbox session (HeyGen's sandbox page: about one minute).
        idle_timeout: a session without a command for so long ends (HeyGen's LITE events page: 5 minutes).
        orphan_timeout: a session without a socket for so long is reaped (194 and 210 s were seen by a user).
        max_session_duration: the most that a token may ask for, and the default (depends on the subscription).
        concurrency: sessions at the same time (1 on the free plan).
        credits: what the account has at first; LITE takes one a minute.
        rate_limit: calls a second of each endpoint with the same credential; 0: any number.
        keeps_queue: queued audio goes on playing when the socket is lost. Not documented, so both can be had.
    """

    api_key: str = field(default="stand-in", repr=False)
    dialect: Dialect = FULL
    livekit: LiveKitServer | None = None
    livekit_url: str | None = None
    token_delay: float = 0.0
    start_delay: float = 0.0
    connect_delay: float = 0.0
    start_latency: float = 0.2
    sandbox_seconds: float = 60.0
    idle_timeout: float = 300.0
    orphan_timeout: float = 200.0
    max_session_duration: int = 1200
    concurrency: int = 10
    credits: float = 1000.0
    rate_limit: int = 0
    keeps_queue: bool = True
