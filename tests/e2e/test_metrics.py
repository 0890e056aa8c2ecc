"""Metrics and traces of a call on a real LiveKit server, both transferred over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from agent.metrics.catalogue import PREFIX
from agent.metrics.labels import CALL_ENDS
from demo.call.call import call
from demo.processes import free_port
from tests.e2e.conversation import POLL
from tests.e2e.stage import SHORT_CALL

if TYPE_CHECKING:
    from pathlib import Path

    from opentelemetry.proto.trace.v1.trace_pb2 import Span

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

Samples = dict[tuple[str, tuple[str, ...]], float]


async def test_metrics_and_traces_tell_what_happened_in_a_call(stage: Stage, tmp_path: Path) -> None:
    """A call, its turns, barge-in, avatar and end are counted and traced, without any of its words."""
    port = free_port()
    collector = Collector()
    async with (
        TestServer(collector.app) as server,
        stage.worker({"METRICS_PORT": str(port), "OTEL_EXPORTER_OTLP_ENDPOINT": str(server.make_url(""))}) as worker,
    ):
        ticket = await stage.ticket("a-call-with-metrics")
        made = await call(
            ticket.url, ticket.token, stand_ins_url=stage.stand_ins, directory=tmp_path, script=SHORT_CALL
        )
        ended = await stage.ended_session()
        text = await _ended(port)
        await collector.wait_for("call")
        lines = [line for line in worker.tail(400) if "the call ends" in line]
    samples = _samples(text)

    assert [outcome.problems for outcome in made.outcomes] == [[], [], []]
    assert samples["calls_started_total", ()] == 1
    assert sum(samples.get(("calls_ended_total", (reason,)), 0) for reason in CALL_ENDS) == 1
    assert samples["calls_active", ()] == 0
    assert samples["join_to_first_frame_seconds_count", ()] == samples["join_to_first_word_seconds_count", ()] == 1
    # The opening line and three answers; a caller who leaves may not hear the last.
    assert samples["response_seconds_count", ("opening",)] == 1
    assert samples["response_seconds_count", ("speech",)] >= 2
    for stage_name in ("transcript", "first_token", "first_audio", "sent", "speaking"):
        assert samples["turn_stage_seconds_count", (stage_name,)] >= 2
    assert samples["barge_in_seconds_count", ()] >= 1
    assert samples["sink_seconds_total", ("avatar",)] > 0
    assert samples["avatar_sessions_started_total", ()] == samples["avatar_sessions_stopped_total", ()] == 1
    assert samples["avatar_sessions_left_total", ("the call is over",)] == 1
    assert samples["avatar_stops_failed_total", ()] == 0
    assert samples["avatar_slots_used", ("started",)] == 0
    assert samples["credits_left", ("liveavatar",)] > 0
    assert "a-call-with-metrics" not in text
    assert "london" not in text.lower()

    (traced,) = collector.named("call")
    (session,) = collector.named("avatar_session")
    turns, (framework,) = collector.named("turn"), collector.named("agent_session")
    assert {each.parent_span_id for each in (session, framework, *turns)} == {traced.span_id}
    assert len(turns) >= 3
    assert attribute(session, "avatar.session_id") == ended["id"]
    of_call = [span for span in collector.spans if span.trace_id == traced.trace_id]
    assert {attribute(span, "room") for span in of_call} == {ticket.room}
    assert ticket.room in lines[0]
    assert b"london" not in collector.bytes.lower()


class Collector:
    """A receiver of traces by OTLP over HTTP.

    Attributes:
        spans: All spans that came.
        bytes: The bodies of all requests.
    """

    def __init__(self) -> None:
        self.spans: list[Span] = []
        self.bytes = b""
        self.app = web.Application()
        self.app.router.add_post("/v1/traces", self._take)
        self._changed = asyncio.Condition()

    def named(self, name: str) -> list[Span]:
        """Return the spans of this name."""
        return [span for span in self.spans if span.name == name]

    async def wait_for(self, name: str) -> None:
        """Wait until a span of this name has come."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.named(name))

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        traces = ExportTraceServiceRequest.FromString(body)
        self.bytes += body
        self.spans += [span for each in traces.resource_spans for scope in each.scope_spans for span in scope.spans]
        async with self._changed:
            self._changed.notify_all()
        return web.Response()


def attribute(span: Span, name: str) -> str | None:
    """Return the value of an attribute."""
    return next((each.value.string_value for each in span.attributes if each.key == name), None)


async def _ended(port: int) -> str:
    """Read the metrics until they show that a call has ended; the avatar's stop comes a little before."""
    async with aiohttp.ClientSession() as http:
        while True:
            async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
                assert answer.status == 200
                text = await answer.text()
            if f"{PREFIX}calls_ended_total{{" in text:
                return text
            await asyncio.sleep(POLL)


def _samples(text: str) -> Samples:
    return {
        (sample.name.removeprefix(PREFIX), tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_bucket")
    }
