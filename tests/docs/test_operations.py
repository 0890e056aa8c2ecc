"""The page for operators matches the metrics and alerts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from agent.control.waterfall import STAGES, By
from agent.metrics.catalogue import METRICS
from agent.metrics.labels import VENDORS
from agent.metrics.requests import REASONS
from avatar.core import Refusal
from avatar.sessions.journal import State
from docs.operations import PAGE, alerts_of, page_with_tables, rules


def test_the_tables_in_the_page_match_the_code() -> None:
    """The tables are current; `python -m docs.operations` writes them again."""
    page = PAGE.read_text("utf-8")

    assert page == page_with_tables(page)


def test_every_metric_has_an_alert() -> None:
    """A metric without an alert would be one only to look at; there is none today."""
    assert [metric.name for metric in METRICS if not alerts_of(metric.name)] == []


def test_the_page_lists_the_values_of_labels() -> None:
    """A query can be written without reading the code."""
    page = PAGE.read_text("utf-8")
    values = [*REASONS.values(), *VENDORS.values(), *get_args(By), *STAGES, *get_args(State)]
    values += [refusal.value for refusal in Refusal]

    assert [value for value in values if f"`{value}`" not in page] == []


def test_the_page_names_only_existing_metrics_and_alerts() -> None:
    """Metrics and alerts that the text names exist."""
    page = PAGE.read_text("utf-8")
    metrics = {metric.name for metric in METRICS}
    alerts = {rule["alert"] for rule in rules() if "alert" in rule}
    named = set(re.findall(r"`(liveavatar_agent_\w+)", page))
    last_cells = set(re.findall(r"\| ([A-Z][a-z]+[A-Z]\w+) \|$", page, re.MULTILINE))

    assert named <= metrics
    assert len(last_cells) >= 5
    assert last_cells <= alerts


def test_every_crash_in_the_page_has_an_existing_test() -> None:
    """The table of crashes names the tests."""
    rows = PAGE.read_text("utf-8").partition("### What a crash between two steps leaves")[2].partition("###")[0]
    cells = [line.rsplit("|", 2)[1].strip() for line in rows.splitlines() if line.startswith(("| the ", "| a "))]
    tests = "".join(path.read_text("utf-8") for path in (Path(__file__).parents[1] / "agent").rglob("test_*.py"))

    assert len(cells) >= 10
    assert [cell for cell in cells if f"def {cell.strip('`')}(" not in tests] == []
