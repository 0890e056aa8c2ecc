"""The files for Prometheus and Grafana match the metrics, the settings and each other."""

from __future__ import annotations

import json
import re
from typing import Any

import livekit.agents.telemetry.metrics  # noqa: F401 - declares the framework's metrics
import yaml
from prometheus_client import REGISTRY

from agent.metrics.catalogue import METRICS
from docs.operations import rules
from tests.deploy.dockerfile import ROOT

OBSERVABILITY = ROOT / "deploy" / "observability"

# Metrics of others: the framework's and prometheus_client's, which this process has too, and Prometheus' own.
OTHERS = {"up"}

# Words in PromQL other than metrics: labels in braces or after by, without, on or ignoring.
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)")
_STRINGS = re.compile(r'"[^"]*"')
_SELECTORS = re.compile(r"\{[^}]*\}|\[[^\]]*\]")
_WORDS = {"group_left", "or", "and", "unless"}
_NAME = re.compile(r"\b[a-zA-Z_][\w:]*\b(?!\s*\()")


def load(path: str) -> Any:
    """Read a YAML file of the folder."""
    return yaml.safe_load((OBSERVABILITY / path).read_text("utf-8"))


def metrics_of(query: str) -> set[str]:
    """Return the names of metrics in a query."""
    for pattern in (_GROUPING, _STRINGS, _SELECTORS):
        query = pattern.sub("", query)
    return set(_NAME.findall(query)) - _WORDS


def known() -> set[str]:
    """Return the names of all existing samples."""
    names = {family.name for family in REGISTRY.collect()} | OTHERS
    for metric in METRICS:
        suffixes = ("_bucket", "_sum", "_count") if metric.kind == "histogram" else ("",)
        names |= {metric.name + suffix for suffix in suffixes}
    return names | {rule["record"] for rule in rules() if "record" in rule}


def dashboard_queries() -> list[str]:
    """Return all queries of the dashboard."""
    dashboard = json.loads((OBSERVABILITY / "grafana/dashboard.json").read_text("utf-8"))
    return [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]


def test_the_names_of_a_query_are_found() -> None:
    """Functions, labels and values are not metrics."""
    query = 'sum by (le, a) (rate(x_bucket{b="c d"}[5m])) / ignoring(a) group_left sum(y:z) or 0 * up'

    assert metrics_of(query) == {"x_bucket", "y:z", "up"}


def test_every_query_of_the_dashboard_names_existing_metrics() -> None:
    """A renamed metric leaves no empty panel."""
    queries = dashboard_queries()

    assert len(queries) > 15
    assert [query for query in queries if not metrics_of(query) or metrics_of(query) - known()] == []


def test_every_metric_is_on_the_dashboard() -> None:
    """A reader need not know its name."""
    shown = set().union(*map(metrics_of, dashboard_queries()))
    stems = {re.sub("_bucket$", "", name) for name in shown}

    assert {metric.name for metric in METRICS} - stems == set()


def test_every_alert_names_existing_metrics() -> None:
    """An alert on a metric that does not exist never fires."""
    assert [rule["expr"] for rule in rules() if metrics_of(rule["expr"]) - known()] == []


def test_every_label_of_an_alert_is_one_of_its_metrics() -> None:
    """A selector on a label that does not exist matches nothing."""
    labels = {metric.name: {*metric.labels, "instance", "job"} for metric in METRICS}
    wrong = [
        (name, label)
        for rule in rules()
        for name, selector in re.findall(r"(liveavatar_agent_\w+?)(?:_bucket)?\{([^}]*)\}", rule["expr"])
        for label in re.findall(r"(\w+)=", _STRINGS.sub("", selector))
        if label not in labels[name]
    ]

    assert wrong == []


def test_every_alert_is_tested_to_fire_and_to_be_silent() -> None:
    """`make alerts` runs these tests; this test checks that none is missing."""
    cases = [case for test in load("alerts.test.yml")["tests"] for case in test["alert_rule_test"]]
    fires = {case["alertname"] for case in cases if case["exp_alerts"]}
    silent = {case["alertname"] for case in cases if not case["exp_alerts"]}
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}

    assert fires == silent == alerts


def test_every_alert_says_what_to_do() -> None:
    """The first sentence describes the problem, the next ones what to do."""
    for rule in rules():
        if "alert" in rule:
            assert set(rule["annotations"]) == {"summary", "description"}
            assert rule["labels"]["severity"] in {"critical", "warning"}


def test_prometheus_asks_where_the_worker_answers() -> None:
    """Compose's target and the port in .env.example are the same; the job is the alerts'."""
    (job,) = load("prometheus.yml")["scrape_configs"]
    (target,) = job["static_configs"][0]["targets"]
    host, _, port = target.partition(":")

    assert (job["job_name"], host) == ("liveavatar-agent", "worker")
    assert f"METRICS_PORT={port}\n" in (ROOT / ".env.example").read_text()
    assert f"METRICS_PORT={port}\n" in (ROOT / "deploy/stand-ins.env").read_text()


def test_compose_mounts_existing_files() -> None:
    """The profile `observe` has Prometheus and Grafana, reachable only from this machine."""
    services = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text())["services"]
    observing = {name: each for name, each in services.items() if each.get("profiles") == ["observe"]}
    mounted = [volume for each in observing.values() for volume in each["volumes"] if volume.startswith("./")]

    assert set(observing) == {"prometheus", "grafana"}
    assert len(mounted) == 5
    assert [volume for volume in mounted if not (ROOT / "deploy" / volume.split(":")[0]).is_file()] == []
    assert all(port.startswith("127.0.0.1:") for each in observing.values() for port in each["ports"])
