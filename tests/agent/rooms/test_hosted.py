"""Rooms of LiveAvatar's: a session is handed to a job, or stopped, whatever happens on the way."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from agent.rooms import hosted
from agent.rooms.connection_details import NoRoomError
from agent.rooms.hosted import CALLER_JOIN_TIMEOUT, HostedRooms, hosted_rooms
from agent.settings import Settings
from avatar.journal import SessionJournal
from tests.avatar.fakes import KEY, reply
from tests.avatar.hosting import ROOM, Hosting

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import web

    from avatar import HostedRoom


class Worker:
    """Takes calls, and starts jobs; what a job does first is the test's."""

    def __init__(self, *, may_take: bool = True) -> None:
        self.may_take = may_take
        self.joined: list[HostedRoom] = []

    async def may_take_call(self) -> bool:
        return self.may_take

    async def join(self, room: HostedRoom) -> None:
        self.joined.append(room)


class Broken(Worker):
    """Can't start a process."""

    async def join(self, room: HostedRoom) -> None:
        message = "no process became available"
        raise RuntimeError(message)


class Slow(Worker):
    """Has a process when the test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()
        self.is_ready = asyncio.Event()

    async def join(self, room: HostedRoom) -> None:
        self.asked.set()
        await self.is_ready.wait()
        await super().join(room)


@pytest.fixture
def journal(tmp_path: Path) -> SessionJournal:
    """The worker's."""
    return SessionJournal(tmp_path / "state")


@pytest.fixture
def job(journal: SessionJournal) -> SessionJournal:
    """The job's, on the same disk."""
    return SessionJournal(journal.directory)


@asynccontextmanager
async def door(
    service: Hosting, server: Worker, journal: SessionJournal, **given: object
) -> AsyncIterator[HostedRooms]:
    """A worker's rooms; afterwards its processes are gone."""
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
    """Once the job has adopted the session nobody here stops it."""
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


async def test_a_session_that_no_job_takes_is_stopped(
    journal: SessionJournal, job: SessionJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job died before its first act: after some seconds the session is stopped, and a late job has no call."""
    monkeypatch.setattr(hosted, "_TAKEN_WITHIN", 0.0)
    service, server = Hosting(), Worker()
    async with door(service, server, journal) as rooms:
        await rooms.create("")
        await stopped(service)
        assert not job.adopt("s-1", room=ROOM)

    assert not service.running
    assert journal.entries() == []


async def test_the_end_of_the_worker_stops_what_no_job_has_taken(journal: SessionJournal) -> None:
    """Without waiting for the job any longer."""
    service = Hosting()
    async with door(service, Worker(), journal) as rooms:
        await rooms.create("")
        assert service.running == {"s-1"}

    assert not service.running


async def test_a_session_is_stopped_when_no_job_can_be_started(journal: SessionJournal) -> None:
    """The caller is told so."""
    service = Hosting()
    async with door(service, Broken(), journal) as rooms:
        with pytest.raises(NoRoomError, match="no agent could be started"):
            await rooms.create("")
        assert not service.running

    assert journal.entries() == []


async def test_who_asked_and_went_away_leaves_nothing_running(journal: SessionJournal) -> None:
    """The room is opened to its end, and then nobody but the job has it."""
    service, server = Hosting(), Slow()
    async with door(service, server, journal) as rooms:
        asking = asyncio.create_task(rooms.create(""))
        await server.asked.wait()
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        server.is_ready.set()

    assert len(server.joined) == 1
    assert not service.running


async def test_a_worker_that_takes_no_calls_starts_no_session(journal: SessionJournal) -> None:
    """While it drains, or the machine is busy."""
    service = Hosting()
    async with door(service, Worker(may_take=False), journal) as rooms:
        with pytest.raises(NoRoomError, match="no more calls"):
            await rooms.create("")

    assert service.called("token") == []


class Full(Hosting):
    """Has no slot left."""

    def on_token(self, request: web.Request) -> web.Response:
        return reply({"code": 4032, "data": None, "message": "Session concurrency limit reached"}, status=403)


async def test_the_caller_is_told_why_liveavatar_gives_no_room(journal: SessionJournal) -> None:
    """In its words, and with what to do."""
    async with door(Full(), Worker(), journal) as rooms:
        with pytest.raises(NoRoomError, match="Session concurrency limit reached - end another session"):
            await rooms.create("")


async def test_the_minutes_of_the_day_are_no_room(journal: SessionJournal, job: SessionJournal) -> None:
    """They are looked at before a session is made: there is no call by voice alone."""
    service = Hosting()
    async with door(service, Worker(), journal, state_dir=journal.directory, minutes_per_day=0.1) as rooms:
        with pytest.raises(NoRoomError, match="the minutes of the day are used up"):
            await rooms.create("")

    assert service.called("token") == []


class Stubborn(Hosting):
    """Does not stop the first time."""

    def on_stop(self, request: web.Request) -> web.Response:
        if len(self.called("stop")) == 1:
            return reply({"message": "down"}, status=503)
        return super().on_stop(request)


async def test_what_cannot_be_stopped_is_left_to_a_sweep(journal: SessionJournal, job: SessionJournal) -> None:
    """The journal knows of it; whoever sweeps after this process has it."""
    service = Stubborn()
    async with door(service, Worker(), journal) as rooms:
        await rooms.create("")

    claim = job.claim(service.url)
    job.release(claim)
    assert [entry.state for entry in job.entries()] == ["stopping"]


async def stopped(service: Hosting) -> None:
    """Wait for a stop."""
    async with service.changed, asyncio.timeout(20):
        await service.changed.wait_for(lambda: service.called("stop") and not service.running)
