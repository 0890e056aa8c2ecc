"""Metrics over HTTP: this process's and the jobs'."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from agent.metrics.serve import serving_metrics
from agent.process.run import WorkerError
from agent.settings import Settings
from avatar.sessions.journal import SessionJournal
from demo.processes import free_port
from tests.avatar.fakes import KEY, LiteService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

JOB = "from agent.metrics.catalogue import CALLS_STARTED, CALLS_ACTIVE; CALLS_STARTED.inc(); CALLS_ACTIVE.inc()"


@asynccontextmanager
async def served(tmp_path: Path, **values: Any) -> AsyncIterator[tuple[str, SessionJournal]]:
    """Serve the metrics of a worker with an account; yield their URL and the worker's journal."""
    journal = SessionJournal(tmp_path)
    journal.prepare()
    async with LiteService().running_server() as url:
        given = {"liveavatar_api_key": KEY, "liveavatar_api_url": url, "metrics_port": free_port(), **values}
        settings = Settings.model_validate(given)
        async with serving_metrics(settings, journal):
            yield f"http://127.0.0.1:{settings.metrics_port}/metrics", journal


async def lines_at(url: str) -> list[str]:
    """Return the lines of the answer."""
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        assert answer.status == 200
        assert answer.content_type == "text/plain"
        return (await answer.text()).splitlines()


async def test_metrics_of_ended_jobs_are_included(tmp_path: Path) -> None:
    """Each job has its own process; their counts are added up, and none is active."""
    async with served(tmp_path) as (url, _):
        for _ in range(2):
            subprocess.run([sys.executable, "-c", JOB], check=True)  # noqa: ASYNC221, S603 - Python itself, a moment
        lines = await lines_at(url)

    assert "liveavatar_agent_calls_started_total 2.0" in lines
    assert "liveavatar_agent_calls_active 0.0" in lines
    assert len([line for line in lines if line.startswith("# HELP liveavatar_agent_calls_started_total")]) == 1


async def test_sessions_of_the_journal_are_counted_as_slots(tmp_path: Path) -> None:
    """Each session counts under its state in the journal."""
    async with served(tmp_path) as (url, journal):
        journal.add("a-session", api_url="https://example.com")
        journal.add("another", api_url="https://example.com")
        journal.mark_started("another")
        lines = await lines_at(url)

    assert 'liveavatar_agent_avatar_slots_used{state="made"} 1.0' in lines
    assert 'liveavatar_agent_avatar_slots_used{state="started"} 1.0' in lines
    assert 'liveavatar_agent_avatar_slots_used{state="stopping"} 0.0' in lines


async def test_the_frameworks_metrics_are_included(tmp_path: Path) -> None:
    """One port serves the metrics of the whole worker."""
    async with served(tmp_path) as (url, _):
        lines = await lines_at(url)

    assert any(line.startswith("# TYPE lk_agents_active_job_count") for line in lines)
    assert any(line.startswith("# TYPE process_resident_memory_bytes") for line in lines)


async def test_without_a_port_no_files_are_written(tmp_path: Path) -> None:
    """There is no directory for them."""
    async with served(tmp_path, metrics_port=0):
        assert "PROMETHEUS_MULTIPROC_DIR" not in os.environ


async def test_the_directory_is_removed_with_the_worker(tmp_path: Path) -> None:
    """Nothing is left behind."""
    async with served(tmp_path):
        directory = os.environ["PROMETHEUS_MULTIPROC_DIR"]
        assert os.path.isdir(directory)  # noqa: ASYNC240, PTH112 - the name in the environment is what counts

    assert not os.path.exists(directory)  # noqa: ASYNC240, PTH110 - see above


async def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    """A worker does not start without the metrics that were asked for."""
    async with served(tmp_path / "one") as (url, _):
        port = int(url.rpartition(":")[2].partition("/")[0])
        with pytest.raises(WorkerError, match=f"METRICS_PORT={port}"):
            async with served(tmp_path / "two", metrics_port=port):
                pytest.fail("it is served twice")
