"""The worker as it is set up from the environment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from livekit.agents import JobExecutorType, JobProcess, llm
from livekit.agents.worker import ServerEnvOption

from agent import worker
from agent.call.kept import Conversation
from agent.call_config.given import Given
from agent.persona import load_persona
from agent.settings import Settings
from avatar.sessions.port import JournalError

if TYPE_CHECKING:
    from pathlib import Path

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
    """Each idle process takes memory; IDLE_PROCESSES overrides the number."""
    monkeypatch.setattr(worker, "get_cpu_monitor", lambda: Cpu(cores))
    server = worker._server(Settings(idle_processes=wanted))

    assert server._num_idle_processes == ServerEnvOption(dev_default=dev, prod_default=production)


def test_the_health_port_is_the_one_that_was_set() -> None:
    """It lets a second worker start on the same machine."""
    assert worker._server(Settings())._port == ServerEnvOption(dev_default=0, prod_default=8081)
    assert worker._server(Settings(worker_port=8082))._port == ServerEnvOption(dev_default=8082, prod_default=8082)


def test_a_worker_waits_for_its_first_process_on_a_slow_machine() -> None:
    """It registers when a process is ready, or after this time and two seconds."""
    assert worker._server(Settings())._initialize_process_timeout == 60.0


def test_a_jobs_memory_is_limited() -> None:
    """The framework warns at 70 % of the limit, and neither warns nor kills without one."""
    servers = [worker._server(Settings(job_memory_limit=limit)) for limit in (1000, 0)]

    assert [(each._job_memory_warn_mb, each._job_memory_limit_mb) for each in servers] == [(700.0, 1000), (0.0, 0)]


@pytest.mark.parametrize(("room", "answer"), [("doctor-1a2b3c4d", "rejected"), ("call-1", "accepted")])
async def test_a_test_call_of_the_doctor_gets_no_agent(room: str, answer: str) -> None:
    """Automatic dispatch offers a job for every room; in the doctor's it would start a second paid session."""
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
    """The part of a job that a refusal uses; closing its room may fail."""

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
async def test_a_refused_job_closes_its_room(error: Exception | None) -> None:
    """The job ends even if the room can't be closed."""
    job = RefusedJob(error)
    await worker.refuse_call(job, "used up")  # type: ignore[arg-type] # as far as it is used

    assert job.done == ["closed call-0123456789abcdef", "used up"]


ROOM = "call-0123456789abcdef"


class RunningJob:
    """The part of a job that its state uses: its identity, and its process's data."""

    def __init__(self, *, is_fake: bool = False) -> None:
        self.job = SimpleNamespace(room=SimpleNamespace(name=ROOM), dispatch_id="AD_1")
        self.proc = JobProcess(executor_type=JobExecutorType.THREAD, user_arguments=None, http_proxy=None)
        self._is_fake = is_fake

    def token_claims(self) -> Any:
        return SimpleNamespace(identity="agent-1")

    def is_fake_job(self) -> bool:
        return self._is_fake


def a_conversation(persona: str = "poet") -> Conversation:
    """Make a conversation with one message."""
    history = llm.ChatContext.empty()
    history.add_message(role="user", content="my name is Ada")
    return Conversation(persona, history)


async def test_a_job_continues_the_conversation_of_its_room_and_forgets_it_at_its_end(tmp_path: Path) -> None:
    """The job's process owns the call until its end."""
    settings = Settings(state_dir=tmp_path)
    ctx: Any = RunningJob()
    state = worker._open_state(ctx, settings)
    keeper, before = await worker._conversation(ctx, settings, state)
    assert keeper is not None
    await keeper.keep(a_conversation())
    _, after = await worker._conversation(ctx, settings, state)
    await worker.end_call(ctx)

    assert before is None
    assert after is not None
    assert [message.text_content for message in after.history.messages()] == ["my name is Ada"]
    assert await keeper.read() is None
    assert ctx.proc.userdata == {}
    with pytest.raises(JournalError):
        state.journal.add("s-1", api_url="https://api.example")


@pytest.mark.parametrize("given", [{"room_owner": "liveavatar"}, {}])
async def test_a_job_that_cannot_be_recovered_keeps_no_conversation(tmp_path: Path, given: dict[str, str]) -> None:
    """Such are jobs in LiveAvatar's own rooms and in the console."""
    settings = Settings.model_validate({"state_dir": tmp_path, **given})
    ctx: Any = RunningJob(is_fake=not given)

    assert await worker._conversation(ctx, settings, worker._open_state(ctx, settings)) == (None, None)


def test_the_persona_of_the_conversation_goes_on() -> None:
    """If its file is gone, the first persona does."""
    settings, first = Settings(), load_persona(Settings().persona)

    given = Given()
    assert worker._persona_of(a_conversation(), settings, given, first).name != first.name
    assert worker._persona_of(a_conversation("nova"), settings, given, first) is first
    assert worker._persona_of(a_conversation("nobody"), settings, given, first).name == first.name
