"""A sweep: it stops the sessions of dead owners, leaves others alone, and repeats failed stops."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp
import pytest

from avatar import LiveAvatarAPI
from avatar.sessions.journal import SessionJournal
from avatar.sessions.port import Claim, LeftRoom
from avatar.sessions.sweep import Swept, sweep
from tests.avatar.fakes import KEY, LiteService, reply
from tests.thread_calls import count_thread_calls

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import web


@asynccontextmanager
async def client(service: LiteService, journal: SessionJournal) -> AsyncIterator[LiveAvatarAPI]:
    """Yield the service's client, which writes the journal."""
    async with service.running_server() as url, aiohttp.ClientSession() as http:
        yield LiveAvatarAPI(http, api_key=KEY, api_url=url, attempts=1, journal=journal)


def left_by(journal: SessionJournal, api: LiveAvatarAPI, *ids: str) -> None:
    """Note started sessions."""
    for session_id in ids:
        journal.add(session_id, api_url=api.url, room="a-room")
        journal.mark_started(session_id)


async def test_only_the_sessions_of_dead_owners_are_stopped(tmp_path: Path) -> None:
    """A living process keeps its session; afterwards the journal has no other entry."""
    service = LiteService()
    living, dead = SessionJournal(tmp_path), SessionJournal(tmp_path)
    async with client(service, SessionJournal(tmp_path)) as api:
        left_by(living, api, "s-living")
        left_by(dead, api, "s-1", "s-2")
        dead.disown()
        swept = await sweep(dead, api)

    assert sorted(swept.stopped) == ["s-1", "s-2"]
    assert sorted(body["session_id"] for body in service.called("stop")) == ["s-1", "s-2"]
    assert [entry.session_id for entry in living.entries()] == ["s-living"]
    living.disown()


class RefusesOnce(LiteService):
    """A service that fails the first call."""

    def on_stop(self, request: web.Request) -> web.Response:
        if len(self.called("stop")) == 1:
            return reply({"message": "down"}, status=503)
        return super().on_stop(request)


async def test_a_failed_stop_is_left_to_a_later_sweep(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each failure is logged in one line, and the session stays in the journal until a stop is confirmed."""
    caplog.set_level(logging.WARNING)
    service = RefusesOnce()
    now = 1000.0
    journal = SessionJournal(tmp_path, lambda: now)
    async with client(service, journal) as api:
        left_by(journal, api, "s-1")
        journal.disown()
        sweeps = [await sweep(journal, api), await sweep(journal, api)]
        now += 2.0
        sweeps.append(await sweep(journal, api))

    assert sweeps == [Swept([], ["s-1"]), Swept([], []), Swept(["s-1"], [])]
    assert len([record for record in caplog.records if record.name == "avatar"]) == 2
    assert journal.entries() == []


class FleetOfRooms(SessionJournal):
    """A journal that knows rooms whose agents have died, and gives them to callers that ask for rooms."""

    def claim(self, api_url: str, *, with_rooms: bool = False) -> Claim:
        claim = super().claim(api_url)
        return Claim(claim.entries, [LeftRoom("b-room", "agent-1")] if with_rooms else [])


@pytest.mark.parametrize(("kind", "told"), [(SessionJournal, ["a-room "]), (FleetOfRooms, ["b-room agent-1"])])
async def test_rooms_without_their_agents_are_reported(
    tmp_path: Path, kind: type[SessionJournal], told: list[str]
) -> None:
    """The journal's rooms are reported; if it knows none, the rooms of the stopped sessions are."""
    service, journal = LiteService(), kind(tmp_path)
    rooms: list[str] = []
    async with client(service, journal) as api:
        left_by(journal, api, "s-1")
        journal.disown()
        await sweep(journal, api, lambda left: rooms.append(f"{left.room} {left.agent}"))

    assert rooms == told


async def test_two_sweeps_at_once_stop_each_session_once(tmp_path: Path) -> None:
    """Workers that start together after a crash share the work."""
    service = LiteService()
    journal = SessionJournal(tmp_path)
    async with client(service, journal) as api:
        left_by(journal, api, *(f"s-{number}" for number in range(9)))
        journal.disown()
        swept = await asyncio.gather(*(sweep(SessionJournal(tmp_path), api) for _ in range(3)))

    assert sorted(len(each.stopped) for each in swept) == [0, 0, 9]
    assert len(service.called("stop")) == 9


class NotedReleases(SessionJournal):
    """A journal that counts releases."""

    releases = 0

    def release(self, claim: Claim) -> None:
        self.releases += 1
        super().release(claim)


async def test_a_sweep_that_finds_nothing_calls_one_thread(tmp_path: Path) -> None:
    """Nearly all sweeps of a worker find nothing; each releases its claim all the same."""
    journal = NotedReleases(tmp_path)
    async with client(LiteService(), journal) as api:
        left_by(journal, api, "s-1")
        threads = count_thread_calls()
        swept = [await sweep(journal, api), await sweep(journal, api, lambda _: None)]

    assert swept == [Swept([], []), Swept([], [])]
    assert (threads.calls, journal.releases) == (2, 2)
    journal.disown()


async def test_the_claim_of_a_sweep_is_released_once(tmp_path: Path) -> None:
    """A claim of sessions lasts until they are stopped."""
    journal = NotedReleases(tmp_path)
    async with client(LiteService(), journal) as api:
        left_by(journal, api, "s-1")
        journal.disown()
        swept = await sweep(journal, api)

    assert (swept.stopped, journal.releases) == (["s-1"], 1)
