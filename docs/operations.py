"""Write the tables of operations.md from the metrics and the alerts: `python -m docs.operations`."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from agent.metrics.catalogue import METRICS
from docs.marked import filled, table

PAGE = Path(__file__).parent / "operations.md"
OBSERVABILITY = PAGE.parents[1] / "deploy" / "observability"
ALERTS = OBSERVABILITY / "alerts.yml"


def rules() -> list[dict[str, Any]]:
    """Return the alerts and recording rules."""
    return [rule for group in yaml.safe_load(ALERTS.read_text("utf-8"))["groups"] for rule in group["rules"]]


def alerts_of(metric: str) -> list[str]:
    """Return the alerts that use a metric, also through a recording rule."""
    recorded = [rule["record"] for rule in rules() if "record" in rule and _asks_for(rule, metric)]
    asked = [metric, *recorded]
    return [rule["alert"] for rule in rules() if "alert" in rule and any(_asks_for(rule, each) for each in asked)]


def page_with_tables(page: str) -> str:
    """Return the page with the tables as they are in the code."""
    return filled(page, TABLES)


def _metrics() -> str:
    rows = (
        (
            f"`{metric.name}`",
            metric.kind,
            ", ".join(f"`{label}`" for label in metric.labels),
            metric.text,
            ", ".join(alerts_of(metric.name)),
        )
        for metric in METRICS
    )
    return table(("metric", "kind", "labels", "what it tells", "alerts"), rows)


def _alerts() -> str:
    rows = (
        (
            rule["alert"],
            rule["labels"]["severity"],
            _plain(rule["annotations"]["summary"]),
            _plain(rule["annotations"]["description"]),
        )
        for rule in rules()
        if "alert" in rule
    )
    return table(("alert", "severity", "what happens", "what to do"), rows)


TABLES: dict[str, Callable[[], str]] = {"alerts": _alerts, "metrics": _metrics}


def _asks_for(rule: dict[str, Any], metric: str) -> bool:
    return re.search(rf"\b{metric}(_bucket|_sum|_count)?\b", rule["expr"]) is not None


def _plain(text: str) -> str:
    """Return a template's text, with the label's name instead of its value."""
    return re.sub(r"{{ \$labels\.(\w+) }}", r"(\1)", text)


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text("utf-8")), "utf-8")
