"""The metrics and the traces of one call: listens to the events of its agent session, its callers and its avatar."""

import asyncio
import time
from contextlib import suppress
from typing import Any, Literal, Protocol

from livekit.agents import AgentSession, AgentStateChangedEvent, ErrorEvent, UserStateChangedEvent

from agent.control.waterfall import Stage, Turn
from agent.framework import paused_speech
from agent.metrics import catalogue, labels
from agent.metrics.spans import CallSpans
from avatar.core import (
    Event,
    ServiceFault,
    SessionLeft,
    SessionRefused,
    SessionStarted,
    SessionStopped,
    Sink,
    SocketDropped,
    StopFailed,
)

_AVATAR = "liveavatar"

# Longest wait for a first frame in seconds; a later one is not counted.
_FRAME_TIMEOUT = 60.0

# The value of the label `sink`; without an avatar the agent speaks on a track of its own, as it does on the fallback's.
_SINKS: dict[Sink | None, str] = {Sink.AVATAR: "avatar", Sink.FALLBACK: "fallback", None: "silent"}


class Callers(Protocol):
    """The callers in the room; `agent.call.presence.Presence` implements it."""

    @property
    def is_there(self) -> bool:
        """Whether a caller is in the room and, on a telephone, has answered."""

    def on(self, event: Literal["changed"], callback: Any) -> object:
        """Call back when callers join or leave."""


class Avatar(Protocol):
    """An avatar that emits events; `avatar.AvatarSession` is one."""

    @property
    def sink(self) -> Sink | None:
        """The sink that plays speech now; None if none can."""

    def on(self, event: Literal["core_event"], callback: Any) -> object:
        """Subscribe to the events of the avatar's machine."""

    async def wait_for_join(self, *, timeout: float | None) -> None:  # noqa: ASYNC109 - the framework's signature
        """Wait until the avatar's video is in the room."""


class CallMetrics:
    """The metrics and the traces of one call, from the start of its job to its end.

    Args:
        session: The agent session, not started yet.
        callers: The callers in the room.
    """

    def __init__(self, session: AgentSession[Any], callers: Callers) -> None:
        self._session = session
        self._callers = callers
        self._avatar: Avatar | None = None
        self._spans = CallSpans()
        self._joined_at: float | None = None
        self._has_spoken = False
        self._barged_in_at: float | None = None
        self._sink_since = 0.0
        self._sink = _SINKS[Sink.FALLBACK]
        self._stages: dict[int, int] = {}
        self._ends: dict[int, str] = {}
        self._waiting: asyncio.Task[None] | None = None
        catalogue.CALLS_STARTED.inc()
        catalogue.CALLS_ACTIVE.inc()
        callers.on("changed", self._on_callers)
        session.on("error", self._on_error)
        session.on("user_state_changed", self._on_user_state)
        session.on("agent_state_changed", self._on_agent_state)

    def watch(self, avatar: Avatar | None) -> None:
        """Count the events of the call's avatar too, if it has one."""
        if avatar is not None:
            self._avatar = avatar
            avatar.on("core_event", self._on_avatar)
            self._look_at_sink()

    def turn(self, turn: Turn) -> None:
        """Record the new stages of a turn."""
        told = self._stages.get(turn.number, 0)
        reached: list[tuple[Stage, float]] = list(turn.stages.items())
        for index in range(told, len(reached)):
            stage, at = reached[index]
            catalogue.TURN_STAGE.labels(stage).observe(at - (reached[index - 1][1] if index else 0.0))
        # The turn before this one may still reach a stage; no older one does.
        self._stages = {number: count for number, count in self._stages.items() if number >= turn.number - 1}
        self._stages[turn.number] = len(reached)
        if "speaking" in turn.stages and told < len(reached):
            catalogue.RESPONSE.labels(turn.by).observe(turn.stages["speaking"])
            self._spans.turn(turn)

    def end(self, reason: str) -> None:
        """Count the end of the call."""
        self._look_at_sink()
        if self._waiting is not None:
            self._waiting.cancel()
        label = labels.one_of(labels.CALL_ENDS, reason)
        catalogue.CALLS_ACTIVE.dec()
        catalogue.CALLS_ENDED.labels(label).inc()
        self._spans.end(label)

    def _on_callers(self) -> None:
        if self._joined_at is None and self._callers.is_there:
            self._joined_at = self._sink_since = _now()
            if self._avatar is not None:
                self._waiting = asyncio.create_task(self._wait_for_frame(self._avatar), name="first_frame")

    async def _wait_for_frame(self, avatar: Avatar) -> None:
        # The framework raises these for an avatar that does not join, and for a closed room.
        with suppress(TimeoutError, RuntimeError):
            await avatar.wait_for_join(timeout=_FRAME_TIMEOUT)
            catalogue.JOIN_TO_FRAME.observe(self._since_join())

    def _since_join(self) -> float:
        return 0.0 if self._joined_at is None else _now() - self._joined_at

    # Speech

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        is_over_agent = event.new_state == "speaking" and self._session.agent_state == "speaking"
        self._barged_in_at = event.created_at if is_over_agent else None

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._look_at_sink()
            if not self._has_spoken and self._joined_at is not None:
                self._has_spoken = True
                catalogue.JOIN_TO_WORD.observe(self._since_join())
        elif event.old_state == "speaking" and self._barged_in_at is not None and self._is_interrupted():
            catalogue.BARGE_IN.observe(max(0.0, event.created_at - self._barged_in_at))
            self._barged_in_at = None

    def _is_interrupted(self) -> bool:
        """Return whether the caller has interrupted the agent, which has not just finished."""
        speech = self._session.current_speech
        return paused_speech(self._session) is not None or (speech is not None and speech.interrupted)

    def _on_error(self, event: ErrorEvent) -> None:
        catalogue.VENDOR_ERRORS.labels(labels.vendor_of(event.error), labels.status_of(event.error)).inc()

    # The avatar

    def _on_avatar(self, event: Event) -> None:
        self._look_at_sink()
        match event:
            case SessionStarted(session=session, session_id=session_id):
                catalogue.SESSIONS_STARTED.inc()
                self._spans.session_started(session, session_id)
            case SessionLeft(session=session, detail=detail):
                self._ends[session] = labels.one_of(labels.SESSION_ENDS, detail)
                catalogue.SESSIONS_LEFT.labels(self._ends[session]).inc()
            case SessionStopped(session=session):
                catalogue.SESSIONS_STOPPED.inc()
                self._spans.session_stopped(session, self._ends.pop(session, labels.OTHER))
            case StopFailed():
                catalogue.STOPS_FAILED.inc()
            case SocketDropped():
                catalogue.CONNECTIONS_LOST.inc()
            case SessionRefused(refusal=refusal):
                catalogue.VENDOR_ERRORS.labels(_AVATAR, refusal.value).inc()
            case ServiceFault():
                catalogue.VENDOR_ERRORS.labels(_AVATAR, "fault").inc()

    def _look_at_sink(self) -> None:
        """Add the seconds since the last update to the sink of that time, and read the current sink."""
        now = _now()
        if self._joined_at is not None:
            catalogue.SINK_SECONDS.labels(self._sink).inc(now - self._sink_since)
            self._sink_since = now
        if self._avatar is not None:
            self._sink = _SINKS[self._avatar.sink]


def _now() -> float:
    return time.monotonic()
