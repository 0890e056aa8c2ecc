"""Metrics by OpenTelemetry: what a collector receives."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.sdk.metrics import export as otel
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from agent.metrics.catalogue import METRICS, PREFIX
from agent.metrics.otlp import as_otel, is_exported, resource
from agent.metrics.serve import serving_metrics
from agent.settings import Settings
from avatar.sessions.journal import SessionJournal
from demo.processes import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parents[3]

JOB = "from agent.metrics.catalogue import CALLS_STARTED; CALLS_STARTED.inc()"

# A job's process that records a metric of the framework.
MEASURING = """
from agent.metrics.otlp import set_up_meters
set_up_meters()
from livekit.agents.telemetry import otel_metrics
otel_metrics._turn_e2e_latency.record(1.5)
import os
from multiprocessing import util
util._run_finalizers(0)
os._exit(0)  # so does multiprocessing
"""


class Collector:
    """A fake collector for OTLP over HTTP.

    Attributes:
        environment: Variables that point to it.
        got: Requests that it received.
    """

    def __init__(self) -> None:
        self.environment: dict[str, str] = {}
        self.got: list[ExportMetricsServiceRequest] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Collector]:
        """Serve while the body runs."""
        app = web.Application()
        app.router.add_post("/v1/metrics", self._take)
        async with TestServer(app) as server:
            self.environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": str(server.make_url("")).rstrip("/")}
            yield self

    async def _take(self, request: web.Request) -> web.Response:
        self.got.append(ExportMetricsServiceRequest.FromString(await request.read()))
        return web.Response()

    @property
    def last(self) -> dict[str, Any]:
        """Return the metrics of the last request, by name."""
        [of_process] = self.got[-1].resource_metrics
        return {each.name: each for scope in of_process.scope_metrics for each in scope.metrics}

    @property
    def instances(self) -> set[str]:
        """Return the ids of the processes that have sent something."""
        return {
            each.value.string_value
            for request in self.got
            for of_process in request.resource_metrics
            for each in of_process.resource.attributes
            if each.key == "service.instance.id"
        }


def sums(metric: Any) -> float:
    """Return the sum of a counter's points."""
    assert metric.sum.is_monotonic
    return sum(float(point.as_double) for point in metric.sum.data_points)


async def test_a_collector_gets_the_metrics_of_the_worker_and_of_its_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are sent regularly and at the end, include jobs that have ended, and need no port for Prometheus."""
    journal = SessionJournal(tmp_path)
    journal.prepare()
    journal.add("a-session", api_url="https://example.com")
    async with Collector().running() as collector:
        for name, value in {**collector.environment, "OTEL_METRIC_EXPORT_INTERVAL": "50"}.items():
            monkeypatch.setenv(name, value)
        async with serving_metrics(Settings(), journal):
            subprocess.run([sys.executable, "-c", JOB], check=True)  # noqa: ASYNC221, S603 - Python itself, a moment
            while not collector.got:
                await _moment()
        told = collector.last

    names = {metric.name.removesuffix("_total") for metric in METRICS}
    assert names == told.keys()
    assert sums(told[f"{PREFIX}calls_started"]) >= 1.0
    slots = {
        point.attributes[0].value.string_value: point.as_double
        for point in told[f"{PREFIX}avatar_slots_used"].gauge.data_points
    }
    assert slots == {"made": 1.0, "started": 0.0, "stopping": 0.0}
    assert len(collector.instances) == 1


async def test_a_job_sends_the_frameworks_metrics(tmp_path: Path) -> None:
    """The job's process has its own meter provider and id, and sends its last values before it exits."""
    async with Collector().running() as collector:
        await _run(MEASURING, collector.environment, tmp_path)
        [point] = collector.last["lk.agents.turn.e2e_latency"].histogram.data_points
        assert (point.count, point.sum) == (1, 1.5)
        assert len(collector.instances) == 1
    assert resource().attributes["service.instance.id"] not in {
        *collector.instances,
        resource().attributes["service.instance.id"],
    }


async def test_an_unreachable_collector_does_not_hold_up_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker still ends."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setattr("agent.metrics.otlp._TIMEOUT", 0.2)
    async with serving_metrics(Settings(), SessionJournal(tmp_path)):
        pass


@pytest.mark.parametrize(
    ("environment", "metrics", "traces"),
    [
        ({}, False, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}, True, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://collector:4318/v1/metrics"}, True, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318", "OTEL_METRICS_EXPORTER": "none"}, False, True),
    ],
)
def test_the_environment_says_what_is_exported(
    environment: dict[str, str], metrics: bool, traces: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variables are OpenTelemetry's own."""
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "OTEL_METRICS_EXPORTER"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    assert (is_exported("metrics"), is_exported("traces")) == (metrics, traces)


def test_only_the_products_own_metrics_are_sent() -> None:
    """The process metrics of Prometheus' client have other names in OpenTelemetry."""
    registry = CollectorRegistry()
    Counter("python_gc", "Of Python.", registry=registry)
    Gauge(f"{PREFIX}a_gauge", "Ours.", ["state"], registry=registry).labels("made").set(3)

    [metric] = as_otel(registry.collect(), 1, 2)
    assert (metric.name, metric.description, metric.unit) == (f"{PREFIX}a_gauge", "Ours.", "")
    assert isinstance(metric.data, otel.Gauge)
    assert [(point.attributes, point.value) for point in metric.data.data_points] == [({"state": "made"}, 3.0)]


@given(values=st.lists(st.tuples(st.sampled_from("ab"), st.floats(0.0, 20.0)), min_size=1, max_size=30))
def test_a_histogram_has_the_same_buckets(values: list[tuple[str, float]]) -> None:
    """Each value is in the bucket with its bounds, and the sums are equal."""
    registry, bounds = CollectorRegistry(), (0.5, 1.0, 5.0)
    made = Histogram(f"{PREFIX}wait_seconds", "A wait.", ["by"], buckets=bounds, registry=registry)
    for by, value in values:
        made.labels(by).observe(value)

    [metric] = as_otel(registry.collect(), 1, 2)
    assert isinstance(metric.data, otel.Histogram)
    assert metric.unit == "s"
    for point in metric.data.data_points:
        assert point.attributes is not None
        observed = [value for by, value in values if by == point.attributes["by"]]
        edges = [float("-inf"), *bounds, float("inf")]
        counts = [sum(low < value <= high for value in observed) for low, high in pairwise(edges)]
        assert list(point.bucket_counts) == counts
        assert list(point.explicit_bounds) == list(bounds)
        assert point.count == len(observed)
        assert point.sum == pytest.approx(sum(observed))
    assert {point.attributes["by"] for point in metric.data.data_points if point.attributes} == {by for by, _ in values}


async def _run(program: str, environment: dict[str, str], home: Path) -> None:
    """Run a Python program in its own process."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), env={**environment, "PYTHONPATH": str(ROOT), "HOME": str(home)}
    )
    assert await process.wait() == 0


async def _moment() -> None:
    await asyncio.sleep(0.02)
