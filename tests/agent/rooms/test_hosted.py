"""LiveAvatar's own rooms: a session is handed over to a job, or stopped, whatever fails on the way."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from agent.call_config import CallConfig
from agent.framework import FullError
from agent.rooms import hosted
from agent.rooms.connection_details import CallOverError, NoRoomError
from agent.rooms.hosted import BUSY, CALLER_JOIN_TIMEOUT, UNAVAILABLE, HostedRooms, hosted_rooms
from agent.settings import Settings
from avatar.sessions.journal import SessionJournal
from tests.avatar.fakes import KEY, reply
from tests.avatar.hosting import ROOM, Hosting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import web

    from avatar import HostedRoom


class Worker:
    """A worker that accepts so many calls, and starts jobs; the test plays the job."""

    def __init__(self, *, capacity: int = 10) -> None:
        self.capacity = capacity
        self.held = 0
        self.joined: list[HostedRoom] = []
        self.configs: list[CallConfig] = []

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        await asyncio.sleep(0)
        if self.held + len(self.joined) >= self.capacity:
            raise FullError
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1

    async def join(self, room: HostedRoom, config: CallConfig) -> None:
        assert self.held
        self.joined.append(room)
        self.configs.append(config)


class Broken(Worker):
    """A worker that can't start a process."""

    async def join(self, room: HostedRoom, config: CallConfig) -> None:
        assert self.held
        message = "no process became available"
        raise RuntimeError(message)


class Slow(Worker):
    """A worker whose process is ready when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.is_ready = asyncio.Event()

    async def join(self, room: HostedRoom, config: CallConfig) -> None:
        self.asked.set()
        await self.is_ready.wait()
        await super().join(room, config)


@pytest.fixture
def journal(tmp_path: Path) -> SessionJournal:
    """Make the worker's journal."""
    return SessionJournal(tmp_path / "state")


@pytest.fixture
def job(journal: SessionJournal) -> SessionJournal:
    """Make the job's journal, in the same directory."""
    return SessionJournal(journal.directory)


@asynccontextmanager
async def door(
    service: Hosting, server: Worker, journal: SessionJournal, **given: object
) -> AsyncIterator[HostedRooms]:
    """Open a worker's rooms; afterwards its processes have ended."""
    async with service.running_server() as url:
        settings = Settings.model_validate(
            {
                "liveavatar_api_key": KEY,
                "liveavatar_api_url": url,
                "liveavatar_avatar_id": "an-avatar",
                "room_owner": "liveavatar",
                **given,
            }
        )
        async with hosted_rooms(settings, server, journal) as rooms:
            yield rooms
    journal.disown()


async def test_a_caller_gets_the_clients_token_and_the_job_the_room(
    journal: SessionJournal, job: SessionJournal
) -> None:
    """A session that its job has adopted is not stopped by the worker."""
    service, server = Hosting(), Worker()
    async with door(service, server, journal) as rooms:
        ticket = await rooms.create("Ada")
        [room] = server.joined
        assert job.adopt(room.session_id, room=room.name)

    assert (ticket.url, ticket.token, ticket.room, ticket.identity) == (room.url, room.client_token, ROOM, room.caller)
    assert ticket.expires_in == CALLER_JOIN_TIMEOUT
    assert service.running == {"s-1"}
    [entry] = job.entries()
    assert (entry.state, entry.room, job.is_owned(entry)) == ("started", ROOM, True)
    job.disown()


async def test_a_caller_may_rejoin_while_the_session_runs(journal: SessionJournal, job: SessionJournal) -> None:
    """The service makes one token per room, so the caller gets it again until the call is over."""
    service, server = Hosting(), Worker()
    async with door(service, server, journal) as rooms:
        details = await rooms.create("Ada")
        [room] = server.joined
        assert job.adopt(room.session_id, room=room.name)
        assert await rooms.refresh(details.token) == details
        job.mark_stopped(room.session_id)
        with pytest.raises(CallOverError, match="has ended"):
            await rooms.refresh(details.token)
    job.disown()


async def test_a_session_that_no_job_takes_is_stopped(
    journal: SessionJournal, job: SessionJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job died before it adopted the session, which is stopped after some seconds; a late job gets no call."""
    monkeypatch.setattr(hosted, "_TAKEN_WITHIN", 0.0)
    service, server = Hosting(), Worker()
    async with door(service, server, journal) as rooms:
        await rooms.create("")
        await stopped(service)
        assert not job.adopt("s-1", room=ROOM)

    assert not service.running
    assert journal.entries() == []


async def test_a_worker_that_ends_stops_unadopted_sessions(journal: SessionJournal) -> None:
    """It no longer waits for their jobs."""
    service = Hosting()
    async with door(service, Worker(), journal) as rooms:
        await rooms.create("")
        assert service.running == {"s-1"}

    assert not service.running


async def test_a_session_is_stopped_when_no_job_can_be_started(journal: SessionJournal) -> None:
    """The caller gets a sentence."""
    service = Hosting()
    async with door(service, Broken(), journal) as rooms:
        with pytest.raises(NoRoomError, match=UNAVAILABLE):
            await rooms.create("")
        assert not service.running

    assert journal.entries() == []


async def test_a_cancelled_request_leaves_nothing_running(journal: SessionJournal) -> None:
    """The room is still opened for its job, and the session is stopped in the end."""
    service, server = Hosting(), Slow()
    async with door(service, server, journal) as rooms:
        asking = asyncio.create_task(rooms.create(""))
        await server.asked.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        server.is_ready.set()

    assert len(server.joined) == 1
    assert not service.running


async def test_a_worker_that_accepts_no_calls_starts_no_session(journal: SessionJournal) -> None:
    """It may be draining or busy."""
    service = Hosting()
    async with door(service, Worker(capacity=0), journal) as rooms:
        with pytest.raises(NoRoomError, match=BUSY):
            await rooms.create("")

    assert service.called("token") == []


async def test_concurrent_callers_do_not_get_the_same_place(journal: SessionJournal) -> None:
    """A place is reserved before a session is started."""
    service, server = Hosting(), Worker(capacity=1)
    async with door(service, server, journal) as rooms:
        answers = await asyncio.gather(*(rooms.create("") for _ in range(5)), return_exceptions=True)

    assert [type(answer) for answer in answers].count(NoRoomError) == 4
    assert len(service.called("start")) == len(server.joined) == 1


async def test_a_place_is_free_again_if_no_session_was_started(journal: SessionJournal) -> None:
    """The next caller can have it."""
    server = Worker(capacity=1)
    async with door(Full(), server, journal) as rooms:
        for _ in range(2):
            with pytest.raises(NoRoomError, match=UNAVAILABLE):
                await rooms.create("")

    assert server.held == 0


class Full(Hosting):
    """A service without a free slot."""

    def on_token(self, request: web.Request) -> web.Response:
        return reply({"code": 4032, "data": None, "message": "Session concurrency limit reached"}, status=403)


async def test_liveavatars_reason_for_a_refused_room_is_logged(
    journal: SessionJournal, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the service's words and what to do; the caller gets no operator's detail."""
    async with door(Full(), Worker(), journal) as rooms:
        with pytest.raises(NoRoomError) as refused:
            await rooms.create("")

    assert str(refused.value) == UNAVAILABLE
    [record] = [each for each in caplog.records if each.getMessage() == "LiveAvatar gave no room"]
    assert "Session concurrency limit reached - end another session" in record.__dict__["reason"]


async def test_without_minutes_of_the_day_there_is_no_room(
    journal: SessionJournal, job: SessionJournal, caplog: pytest.LogCaptureFixture
) -> None:
    """The limit is checked before a session is started."""
    service = Hosting()
    async with door(service, Worker(), journal, state_dir=journal.directory, minutes_per_day=0.1) as rooms:
        with pytest.raises(NoRoomError, match=UNAVAILABLE):
            await rooms.create("")

    assert service.called("token") == []
    [record] = [each for each in caplog.records if each.getMessage() == "no room is asked for, a limit is reached"]
    assert record.__dict__["reason"] == "the minutes of the day are used up"


class Stubborn(Hosting):
    """A service that fails the first stop."""

    def on_stop(self, request: web.Request) -> web.Response:
        if len(self.called("stop")) == 1:
            return reply({"message": "down"}, status=503)
        return super().on_stop(request)


async def test_a_session_that_cannot_be_stopped_is_left_to_the_sweep(
    journal: SessionJournal, job: SessionJournal
) -> None:
    """It stays in the journal."""
    service = Stubborn()
    async with door(service, Worker(), journal) as rooms:
        await rooms.create("")

    claim = job.claim(service.url)
    job.release(claim)
    assert [entry.state for entry in job.entries()] == ["stopping"]


async def stopped(service: Hosting) -> None:
    """Wait until the session is stopped."""
    async with service.changed, asyncio.timeout(20):
        await service.changed.wait_for(lambda: service.called("stop") and not service.running)


async def test_the_session_has_the_calls_avatar_and_quality(journal: SessionJournal, tmp_path: Path) -> None:
    """The job gets the whole configuration."""
    (tmp_path / "ada.toml").write_text('name = "Ada"\ninstructions = "Be kind."\navatar_id = "her-face"\n')
    service, server = Hosting(), Worker()
    config = CallConfig(persona="ada", video_quality="low")
    async with door(service, server, journal, personas_dir=tmp_path) as rooms:
        await rooms.create("Kim", config)

    [asked] = service.called("token")
    assert (asked["avatar_id"], asked["video_settings"]["quality"]) == ("her-face", "low")
    assert server.configs == [config]


async def test_a_missing_persona_starts_no_session(journal: SessionJournal, caplog: pytest.LogCaptureFixture) -> None:
    """It existed when the page checked it, so the caller may try again."""
    service = Hosting()
    async with door(service, Worker(), journal) as rooms:
        with pytest.raises(NoRoomError, match=UNAVAILABLE):
            await rooms.create("Kim", CallConfig(persona="nobody"))

    assert not service.called("token")
    assert "CALL CONFIG persona: there is no such persona" in caplog.records[0].__dict__["problem"]
