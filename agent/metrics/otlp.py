"""OpenTelemetry metrics: the numbers that Prometheus would read, sent to a collector once a minute.

The worker sends its metrics and those of all its jobs together, so that the counts of jobs that ended or were killed
are not lost. Each job process sends the framework's own meters.
"""

import asyncio
import logging
import os
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from itertools import groupby, pairwise
from multiprocessing import util
from typing import Any, Literal

import prometheus_client as prometheus
from livekit.agents.utils import aio
from opentelemetry import metrics as api
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics import export as otel
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client.samples import Sample

from agent.metrics.catalogue import PREFIX

logger = logging.getLogger("agent")

_SERVICE = "liveavatar-agent"

# Seconds between two exports, unless OTEL_METRIC_EXPORT_INTERVAL (milliseconds) is set: OpenTelemetry's default.
_EVERY = 60.0

# Seconds for one export.
_TIMEOUT = 10.0

_CUMULATIVE = otel.AggregationTemporality.CUMULATIVE


def is_exported(signal: Literal["metrics", "traces"]) -> bool:
    """Return whether OpenTelemetry's environment variables name a collector for this signal."""
    if os.environ.get(f"OTEL_{signal.upper()}_EXPORTER", "").lower() == "none":
        return False
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT")
    return any(os.environ.get(name) for name in names)


def resource() -> Resource:
    """Describe this process, with an id by which a collector tells its counts from those of other processes."""
    name = os.environ.get("OTEL_SERVICE_NAME") or _SERVICE
    return Resource.create({SERVICE_NAME: name, SERVICE_INSTANCE_ID: uuid.uuid4().hex})


def set_up_meters() -> None:
    """Export the framework's measurements from this process; call it in a job process before its first job."""
    if is_exported("metrics"):
        provider = MeterProvider([otel.PeriodicExportingMetricReader(OTLPMetricExporter())], resource())
        api.set_meter_provider(provider)
        # A job process runs no `atexit` functions.
        util.Finalize(None, provider.shutdown, exitpriority=0)


@asynccontextmanager
async def sending(collect: Callable[[], Iterable[prometheus.Metric]]) -> AsyncIterator[None]:
    """Send the service's own metrics while the body runs, and once more at its end.

    Args:
        collect: Returns the metrics of this process and of its jobs; it blocks for a moment.
    """
    exporter, of_process, began = OTLPMetricExporter(timeout=_TIMEOUT), resource(), time.time_ns()

    def send() -> None:
        scope = otel.ScopeMetrics(InstrumentationScope(_SERVICE), as_otel(collect(), began, time.time_ns()), "")
        exporter.export(otel.MetricsData([otel.ResourceMetrics(of_process, [scope], "")]))

    regularly = asyncio.create_task(_regularly(send), name="otlp")
    try:
        yield
    finally:
        await aio.cancel_and_wait(regularly)
        await asyncio.to_thread(send)
        exporter.shutdown()


async def _regularly(send: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(_interval())
        await asyncio.to_thread(send)  # the exporter logs its failures


def _interval() -> float:
    try:
        return float(os.environ["OTEL_METRIC_EXPORT_INTERVAL"]) / 1000.0
    except (KeyError, ValueError):
        return _EVERY


def as_otel(metrics: Iterable[prometheus.Metric], began: int, now: int) -> list[otel.Metric]:
    """Convert the service's own metrics to OpenTelemetry's.

    Args:
        metrics: All metrics; foreign ones are left out.
        began: Unix time in nanoseconds from which they count.
        now: Unix time in nanoseconds.
    """
    return [
        otel.Metric(
            each.name, each.documentation, "s" if each.name.endswith("_seconds") else "", _data(each, began, now)
        )
        for each in metrics
        if each.name.startswith(PREFIX)
    ]


def _data(metric: prometheus.Metric, began: int, now: int) -> otel.Sum | otel.Gauge | otel.Histogram:
    if metric.type == "histogram":
        return otel.Histogram(_histograms(metric.samples, began, now), _CUMULATIVE)
    name = f"{metric.name}_total" if metric.type == "counter" else metric.name
    points = [otel.NumberDataPoint(each.labels, began, now, each.value) for each in metric.samples if each.name == name]
    return otel.Sum(points, _CUMULATIVE, is_monotonic=True) if metric.type == "counter" else otel.Gauge(points)


def _histograms(samples: Sequence[Sample], began: int, now: int) -> list[otel.HistogramDataPoint]:
    """Group the samples of each histogram: samples that differ only in `le`, the bound of a bucket."""

    def labels(sample: Sample) -> list[tuple[str, str]]:
        return sorted((name, value) for name, value in sample.labels.items() if name != "le")

    return [
        _histogram(dict(of), list(found), began, now) for of, found in groupby(sorted(samples, key=labels), key=labels)
    ]


def _histogram(labels: dict[str, str], samples: Sequence[Sample], began: int, now: int) -> otel.HistogramDataPoint:
    # Prometheus' buckets include the smaller ones.
    buckets = sorted((float(each.labels["le"]), int(each.value)) for each in samples if each.name.endswith("_bucket"))
    counts = [after - before for before, after in pairwise([0, *(count for _, count in buckets)])]
    total = next(each.value for each in samples if each.name.endswith("_sum"))
    bounds = [bound for bound, _ in buckets[:-1]]  # without infinity
    # Prometheus has neither a smallest nor a largest value; both may be left out in OTLP.
    extremes: dict[str, Any] = {"min": None, "max": None}
    return otel.HistogramDataPoint(labels, began, now, sum(counts), total, counts, bounds, **extremes)
