"""What an operator can see of a call, on a real LiveKit server: the worker's metrics, read by HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agent.metrics.catalogue import PREFIX
from agent.metrics.labels import CALL_ENDS
from demo.call.call import call
from demo.processes import free_port
from tests.e2e.conversation import POLL
from tests.e2e.stage import SHORT_CALL

if TYPE_CHECKING:
    from pathlib import Path

    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

Samples = dict[tuple[str, tuple[str, ...]], float]


async def test_the_metrics_tell_what_happened_in_a_call(stage: Stage, tmp_path: Path) -> None:
    """One call, its turns, its barge-in, its avatar and its end are counted, and not one word of it is there."""
    port = free_port()
    async with stage.worker({"METRICS_PORT": str(port)}):
        ticket = await stage.ticket("a-call-with-metrics")
        made = await call(
            ticket.url, ticket.token, stand_ins_url=stage.stand_ins, directory=tmp_path, script=SHORT_CALL
        )
        await stage.ended_session()
        text = await _ended(port)
    samples = _samples(text)

    assert [outcome.problems for outcome in made.outcomes] == [[], [], []]
    assert samples["calls_started_total", ()] == 1
    assert sum(samples.get(("calls_ended_total", (reason,)), 0) for reason in CALL_ENDS) == 1
    assert samples["calls_active", ()] == 0
    assert samples["join_to_first_frame_seconds_count", ()] == samples["join_to_first_word_seconds_count", ()] == 1
    # The opening line and three answers, the last of which a caller who leaves may not hear.
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


async def _ended(port: int) -> str:
    """Read the metrics until they tell that a call has ended; the avatar's stop comes a little before."""
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
