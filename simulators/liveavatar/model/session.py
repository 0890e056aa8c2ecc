"""A session, from its token to its end."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from simulators.liveavatar.model.conversation import Conversation
    from simulators.liveavatar.model.requests import EndReason, TokenRequest
    from simulators.liveavatar.model.utterance import Utterance

SessionState = Literal["created", "started", "connected", "ended"]


@dataclass(slots=True, eq=False)
class Session:
    """A session of the account; instants are seconds of the model's clock.

    Attributes:
        id: Its id in the REST API.
        token: Authorises requests for this session.
        ws_key: The last part of its WebSocket URL.
        request: The request for its token.
        identity: Identity of its avatar in the room.
        created_at: When the token was given.
        state: `started` when it costs credits, `connected` when it takes commands from a WebSocket.
        started_at: When it started; None before.
        ready_at: When it takes commands.
        connected_at: When `connected` may be sent.
        unready_until: When it takes commands on its current WebSocket, if a fault delays that.
        has_avatar: Whether its avatar was sent to the room.
        joined_at: When the avatar had joined the room; None before.
        ended_at: When it ended; None before.
        end_reason: Why it ended; None before.
        socket_id: The WebSocket whose messages count.
        sockets: Number of WebSockets that were opened.
        alone_since: Since when it has no WebSocket; None while it has one.
        last_command_at: When the last command or keep-alive arrived.
        conversation: Its conversation; None before the start.
    """

    id: str
    token: str = field(repr=False)
    ws_key: str = field(repr=False)
    request: TokenRequest
    identity: str
    created_at: float
    state: SessionState = "created"
    started_at: float | None = None
    ready_at: float = math.inf
    connected_at: float = math.inf
    joined_at: float | None = None
    ended_at: float | None = None
    end_reason: EndReason | None = None
    socket_id: int | None = None
    sockets: int = 0
    alone_since: float | None = None
    last_command_at: float = 0.0
    conversation: Conversation | None = field(default=None, repr=False)
    has_avatar: bool = False
    unready_until: float = -math.inf

    @property
    def is_running(self) -> bool:
        """Whether it is active and costs credits."""
        return self.state in ("started", "connected")

    @property
    def heard(self) -> bytes:
        """PCM that reached the room, in order, without silence."""
        return b"" if self.conversation is None else self.conversation.player.sound.pcm

    @property
    def heard_spans(self) -> list[tuple[float, float, Utterance]]:
        """Start and end of each part of an utterance that was heard without a gap, and the utterance."""
        return [] if self.conversation is None else self.conversation.player.spans

    @property
    def utterances(self) -> list[Utterance]:
        """All utterances."""
        return [] if self.conversation is None else self.conversation.player.utterances

    def takes_commands(self, now: float) -> bool:
        """Return whether it is ready for commands."""
        return self.is_running and now >= self.ready_at and now >= self.unready_until

    def seconds(self, now: float) -> float:
        """Return the session's length up to `now`, in seconds."""
        if self.started_at is None:
            return 0.0
        return (now if self.ended_at is None else min(now, self.ended_at)) - self.started_at

    def billed_seconds(self, now: float) -> float:
        """Return the billed seconds up to `now`; the sandbox costs nothing (fact 80)."""
        return 0.0 if self.request.is_sandbox else self.seconds(now)
