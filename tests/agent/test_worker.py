"""The worker as it is set up from the environment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import aiohttp
import pytest
from livekit.agents.worker import ServerEnvOption

from agent import worker
from agent.settings import Settings

if TYPE_CHECKING:
    from livekit import api


class Cpu:
    """A machine with so many cores."""

    def __init__(self, cores: float) -> None:
        self.cores = cores

    def cpu_count(self) -> float:
        return self.cores


@pytest.mark.parametrize(
    ("cores", "wanted", "dev", "production"),
    [(64.0, None, 1, 4), (1.5, None, 1, 2), (64.0, 12, 12, 12), (2.0, 0, 0, 0)],
)
def test_idle_processes_are_few_on_big_machines(
    monkeypatch: pytest.MonkeyPatch, cores: float, wanted: int | None, dev: int, production: int
) -> None:
    """Each takes memory; IDLE_PROCESSES says otherwise."""
    monkeypatch.setattr(worker, "get_cpu_monitor", lambda: Cpu(cores))
    server = worker._server(Settings(idle_processes=wanted))

    assert server._num_idle_processes == ServerEnvOption(dev_default=dev, prod_default=production)


def test_the_health_port_is_the_one_that_was_set() -> None:
    """A second worker on a machine can start."""
    assert worker._server(Settings())._port == ServerEnvOption(dev_default=0, prod_default=8081)
    assert worker._server(Settings(worker_port=8082))._port == ServerEnvOption(dev_default=8082, prod_default=8082)


def test_a_jobs_memory_is_limited() -> None:
    """The framework warns at 70 % of the limit, and neither warns nor kills without one."""
    servers = [worker._server(Settings(job_memory_limit=limit)) for limit in (1000, 0)]

    assert [(each._job_memory_warn_mb, each._job_memory_limit_mb) for each in servers] == [(700.0, 1000), (0.0, 0)]


@pytest.mark.parametrize(("room", "answer"), [("doctor-1a2b3c4d", "rejected"), ("call-1", "accepted")])
async def test_a_test_call_of_the_doctor_has_no_agent(room: str, answer: str) -> None:
    """With automatic dispatch a job comes for every room; in the doctor's it would buy a second session."""
    answers: list[str] = []

    class Request:
        def __init__(self) -> None:
            self.room = SimpleNamespace(name=room)

        async def accept(self) -> None:
            answers.append("accepted")

        async def reject(self) -> None:
            answers.append("rejected")

    await worker.take_job(Request())  # type: ignore[arg-type] # as far as it is used

    assert answers == [answer]


class RefusedJob:
    """A job as far as a refusal needs it; its room can be closed or not."""

    def __init__(self, error: Exception | None = None) -> None:
        self.job = SimpleNamespace(room=SimpleNamespace(name="call-0123456789abcdef"))
        self.api = SimpleNamespace(room=self)
        self.error = error
        self.done: list[str] = []

    async def delete_room(self, request: api.DeleteRoomRequest) -> None:
        self.done.append(f"closed {request.room}")
        if self.error is not None:
            raise self.error

    def shutdown(self, reason: str) -> None:
        self.done.append(reason)


@pytest.mark.parametrize("error", [None, aiohttp.ClientConnectionError()])
async def test_a_refused_job_leaves_no_caller_alone(error: Exception | None) -> None:
    """Its room is closed before it ends; if that fails, it ends all the same."""
    job = RefusedJob(error)
    await worker.refuse_call(job, "used up")  # type: ignore[arg-type] # as far as it is used

    assert job.done == ["closed call-0123456789abcdef", "used up"]
