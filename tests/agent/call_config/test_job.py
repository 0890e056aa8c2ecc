"""The configuration of a job's call."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import AutoSubscribe
from livekit.protocol import models
from livekit.protocol.agent import Job

from agent import worker
from agent.call_config import CallConfig
from agent.call_config.given import Given, as_metadata
from agent.call_config.job import given_by_telephone, given_in_job, prepare
from agent.settings import Settings
from tests.agent.call.call_fakes import WEB_ROOM, JobRoom
from tests.agent.room_fakes import PHONE, STANDARD

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from livekit import rtc

    from agent.persona import Persona

MEETING = "a-meeting"


class ConnectingJob:
    """A job that joins its room, in which a caller may be already or join a moment later."""

    def __init__(self, *, room: str = MEETING, metadata: str = "", room_metadata: str = "") -> None:
        self.people = JobRoom(room)
        self.room: Any = self.people
        self.job = Job(metadata=metadata, room=models.Room(name=room, metadata=room_metadata))
        self.log_context_fields: dict[str, Any] = {}
        self.proc = SimpleNamespace(userdata={"vad": None})
        self.subscribes: list[AutoSubscribe] = []

    async def connect(self, *, auto_subscribe: AutoSubscribe) -> None:
        self.subscribes.append(auto_subscribe)

    def is_fake_job(self) -> bool:
        return False

    def token_claims(self) -> Any:
        return SimpleNamespace(identity="agent")

    def add_shutdown_callback(self, callback: Callable[[], Awaitable[None]]) -> None:
        self.at_end = callback


def test_fields_that_the_job_leaves_out_come_from_the_room() -> None:
    """The dispatch's metadata take precedence over the room's."""
    dispatch, room = CallConfig(persona="poet"), CallConfig(persona="nova", voice="x")
    job = Job(metadata=as_metadata(dispatch), room=models.Room(metadata=as_metadata(room)))

    assert given_in_job(job) == Given(CallConfig(persona="poet", voice="x"))
    assert given_in_job(Job(metadata="tenant-7")) == Given()


@pytest.mark.parametrize(
    ("kind", "config"), [(PHONE, CallConfig(persona="poet")), (STANDARD, CallConfig())], ids=["telephone", "browser"]
)
async def test_only_a_telephones_attributes_count(kind: rtc.ParticipantKind.ValueType, config: CallConfig) -> None:
    """Other callers could set their attributes themselves."""
    job: Any = ConnectingJob()
    job.people.come("caller", {"call.persona": "poet"}, kind=kind)

    assert await given_by_telephone(job) == Given(config)
    assert job.subscribes == [AutoSubscribe.SUBSCRIBE_NONE]


async def test_a_telephone_that_comes_a_moment_later_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """The job may be in the room first; it waits briefly for the telephone."""
    job: Any = ConnectingJob()
    job.connect = lambda **_: _joining(job)
    given = await given_by_telephone(job)
    monkeypatch.setattr("agent.call_config.job._CALLER_TIMEOUT", 0.0)

    assert given == Given(CallConfig(persona="poet"))
    assert await given_by_telephone(ConnectingJob()) == Given()  # type: ignore[arg-type] # as much as it needs


async def _joining(job: ConnectingJob) -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: loop.call_soon(job.people.come, "phone", {"call.persona": "poet"}, PHONE))


def test_a_call_goes_on_without_invalid_fields(caplog: pytest.LogCaptureFixture) -> None:
    """The log names each field, and the worker's own persona is used."""
    given = Given(
        CallConfig(persona="nobody", tools=("fly",), name="Kim"), ("CALL CONFIG voise: there is no such field",)
    )
    _, persona, left = prepare(Settings(), given)

    assert (persona.name, persona.tools, left.config) == ("Kim", ("get_time", "end_call"), CallConfig(name="Kim"))
    assert [record.__dict__["problem"].split(";")[0] for record in caplog.records] == [
        "CALL CONFIG voise: there is no such field",
        "CALL CONFIG persona: there is no such persona",
        "CALL CONFIG tools: there is no tool fly",
    ]


def test_a_call_goes_on_without_a_language_that_the_model_can_not_hear(caplog: pytest.LogCaptureFixture) -> None:
    """The persona's own language is spoken, and the log says which field was left out."""
    _, persona, given = prepare(Settings(deepgram_model="flux-general-en"), Given(CallConfig(language="de")))

    assert (persona.language, given.config) == ("en", CallConfig())
    assert "CALL CONFIG language" in str(caplog.records[0].__dict__["problem"])


def test_a_variable_that_callers_would_hear_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """A template without its values is a configuration mistake."""
    prepare(Settings(), Given(CallConfig(opening="Hello {customer}, {bank} here.", variables={"bank": "the bank"})))

    assert [record.__dict__["variables"] for record in caplog.records] == ["customer"]


class Started:
    """A stand-in for the call that a worker makes."""

    def __init__(
        self, made: list[Any], ctx: Any, settings: Settings, persona: Persona, *_: Any, given: Given, **__: Any
    ) -> None:
        self.config, self.settings, self.persona = given.config, settings, persona
        made.append(self)

    async def start(self) -> None: ...


def start_with(complete: pytest.MonkeyPatch, directory: Path, made: list[Any]) -> None:
    """Make the worker put its calls into this list."""
    complete.setenv("STATE_DIR", str(directory))
    complete.setattr(worker, "end_with_worker", lambda *_: None)
    complete.setattr(worker, "room_proxies", lambda _: {})
    complete.setattr(worker, "Call", lambda *given, **named: Started(made, *given, **named))


@pytest.mark.parametrize(
    ("job", "name"),
    [
        (ConnectingJob(room=WEB_ROOM), "Nova"),
        (ConnectingJob(room=WEB_ROOM, metadata=as_metadata(CallConfig(persona="poet"))), "Mira"),
        (ConnectingJob(room=WEB_ROOM, room_metadata=as_metadata(CallConfig(persona="poet"))), "Mira"),
        (ConnectingJob(room=WEB_ROOM, metadata='{"call": {"persona": 7, "name": "Kim"}}'), "Kim"),
        (ConnectingJob(metadata="tenant-7"), "Mira"),
    ],
    ids=["nothing", "dispatch", "room", "wrong", "telephone"],
)
async def test_the_worker_starts_the_call_that_was_asked_for(
    complete: pytest.MonkeyPatch, tmp_path: Path, job: Any, name: str
) -> None:
    """One worker's calls may have different personas; the job joins a room first only if a telephone may be in it."""
    made: list[Any] = []
    start_with(complete, tmp_path, made)
    job.people.come("phone", {"call.persona": "poet"}, kind=PHONE)
    await worker.start_call(job)
    await job.at_end()

    assert [call.persona.name for call in made] == [name]
    assert bool(job.subscribes) is (job.job.room.name == MEETING)


async def test_a_broken_persona_of_the_worker_does_not_affect_other_calls(
    complete: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A call that asks for another persona gets it."""
    made: list[Any] = []
    job: Any = ConnectingJob(room=WEB_ROOM, metadata=as_metadata(CallConfig(persona="poet")))
    (tmp_path / "own.toml").write_text("name =")
    complete.setenv("PERSONA", str(tmp_path / "own.toml"))
    start_with(complete, tmp_path, made)
    await worker.start_call(job)
    await job.at_end()

    assert [call.persona.name for call in made] == ["Mira"]
