"""Traces: the call's span, and the spans below it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import Agent
from livekit.agents.telemetry import tracer
from opentelemetry import context, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

import agent.metrics.spans
from agent.control.waterfall import Turn
from agent.metrics.spans import CallSpans, set_up_traces, use_provider
from tests.agent.control.fakes import CalledSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opentelemetry.sdk.trace import ReadableSpan


class Exported:
    """The finished spans, by name."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    def __getitem__(self, name: str) -> ReadableSpan:
        (span,) = [span for span in self._exporter.get_finished_spans() if span.name == name]
        return span


@pytest.fixture
def exported(monkeypatch: pytest.MonkeyPatch) -> Iterator[Exported]:
    """Trace a job in the room `a-room`, and keep the spans in memory."""
    job: Any = SimpleNamespace(job=SimpleNamespace(room=SimpleNamespace(name="a-room")))
    monkeypatch.setattr(agent.metrics.spans, "get_job_context", lambda **_: job)
    exporter, provider, before = InMemorySpanExporter(), TracerProvider(), context.get_current()
    use_provider(provider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield Exported(exporter)
    context.attach(before)
    tracer.set_provider(trace.get_tracer_provider())
    provider.shutdown()


def parent_of(span: ReadableSpan) -> int | None:
    """Return the id of the parent span."""
    return None if span.parent is None else span.parent.span_id


def test_turns_and_sessions_are_below_the_call(exported: Exported) -> None:
    """Each span has the room's name, which is also in its log lines, and no spoken word."""
    spans = CallSpans()
    spans.session_started(1, "an-id")
    spans.turn(Turn(3, "speech", {"transcript": 0.25, "speaking": 1.5}))
    spans.session_stopped(1, "the call is over")
    spans.end("the caller has left")

    call, turn, session = exported["call"], exported["turn"], exported["avatar_session"]
    assert parent_of(turn) == parent_of(session) == call.context.span_id
    assert call.attributes == {"room": "a-room", "reason": "the caller has left"}
    assert turn.attributes == {"room": "a-room", "turn": 3, "by": "speech"}
    assert session.attributes == {
        "room": "a-room",
        "avatar.session_id": "an-id",
        "reason": "the call is over",
    }
    assert turn.start_time is not None
    since = {event.name: event.timestamp - turn.start_time for event in turn.events}
    assert since == pytest.approx({"transcript": 250_000_000, "speaking": 1_500_000_000}, abs=1000)


def test_a_session_that_was_not_stopped_is_marked(exported: Exported) -> None:
    """Its span ends with the call."""
    spans = CallSpans()
    spans.session_started(1, "an-id")
    spans.end("the job ends")

    attributes = exported["avatar_session"].attributes
    assert attributes is not None
    assert attributes["reason"] == "not stopped"


async def test_the_frameworks_spans_are_below_the_call(exported: Exported) -> None:
    """The spans of the agent session have the room's name, too."""
    spans = CallSpans()
    async with CalledSession() as session:
        await session.start(Agent(instructions=""))
    spans.end("the job ends")

    call, session_span = exported["call"], exported["agent_session"]
    assert parent_of(session_span) == call.context.span_id
    assert session_span.attributes is not None
    assert session_span.attributes["room"] == "a-room"


def test_without_a_collector_there_is_no_tracing(monkeypatch: pytest.MonkeyPatch) -> None:
    """No exporter is made, and spans record nothing."""
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.setattr(agent.metrics.spans, "OTLPSpanExporter", lambda: pytest.fail("an exporter was made"))
    set_up_traces()

    assert not tracer.start_span("call").is_recording()
