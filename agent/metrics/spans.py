"""Traces: a span for a call, for each turn and for each avatar session; the framework adds its own.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is set. The exporter reads
all OTEL_* variables itself.
"""

import time
from multiprocessing import util

from livekit.agents import get_job_context
from livekit.agents.telemetry import set_tracer_provider, tracer
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from agent.control.waterfall import Turn
from agent.metrics.otlp import is_exported, resource

# Attribute of every span: the id of the call, which is the name of its room.
ROOM = "room"

_NANOSECONDS = 1_000_000_000


def set_up_traces() -> None:
    """Export the traces of this process; call it in a job process before its first job."""
    if is_exported("traces"):
        provider = TracerProvider(resource=resource())
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        use_provider(provider)
        # A job process runs no `atexit` functions; the last spans are sent after the framework's last one has ended.
        util.Finalize(None, provider.shutdown, exitpriority=0)


def use_provider(provider: TracerProvider) -> None:
    """Trace the framework and the service with a provider, without what callers and the agent say."""
    provider.add_span_processor(_RoomProcessor())
    set_tracer_provider(provider, allow_pii=False)


class _RoomProcessor(SpanProcessor):
    """Sets the attribute `room` of every span."""

    def on_start(self, span: trace.Span, parent_context: context.Context | None = None) -> None:  # noqa: ARG002 - OpenTelemetry's signature
        if (job := get_job_context(required=False)) is not None:
            span.set_attribute(ROOM, job.job.room.name)


class CallSpans:
    """The spans of one call. Make it in the task that starts the agent session, whose spans are below the call's."""

    def __init__(self) -> None:
        self._call = tracer.start_span("call")
        self._below = trace.set_span_in_context(self._call)
        self._sessions: dict[int, trace.Span] = {}
        # Not detached: the context lasts as long as the task and the tasks that the framework starts in it.
        context.attach(self._below)

    def turn(self, turn: Turn) -> None:
        """Add a turn whose answer has just become audible; its stages are events."""
        began_at = time.time() - turn.stages["speaking"]
        attributes = {"turn": turn.number, "by": turn.by}
        span = tracer.start_span("turn", context=self._below, start_time=_unix(began_at), attributes=attributes)
        for stage, seconds in turn.stages.items():
            span.add_event(stage, timestamp=_unix(began_at + seconds))
        span.end()

    def session_started(self, number: int, session_id: str) -> None:
        """Begin the span of an avatar session."""
        attributes = {"avatar.session_id": session_id}
        self._sessions[number] = tracer.start_span("avatar_session", context=self._below, attributes=attributes)

    def session_stopped(self, number: int, reason: str) -> None:
        """End the span of a session whose stop is confirmed."""
        if (span := self._sessions.pop(number, None)) is not None:
            span.set_attribute("reason", reason)
            span.end()

    def end(self, reason: str) -> None:
        """End the span of the call, and those of sessions whose stop was not confirmed."""
        for number in list(self._sessions):
            self.session_stopped(number, "not stopped")
        self._call.set_attribute("reason", reason)
        self._call.end()


def _unix(seconds: float) -> int:
    return int(seconds * _NANOSECONDS)
