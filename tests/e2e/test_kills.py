"""kill -9 in a real call: the job's session is stopped by its worker, a worker's by the next worker."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from livekit import rtc

from avatar.sessions.journal import SessionJournal
from demo.call.changes import Changes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from demo.processes import Child
    from tests.e2e.stage import Stage

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

# Seconds after a kill, or after the restart of a killed worker, within which no session is left.
PROMISE = 15.0


async def test_a_killed_worker_and_a_killed_job_leave_no_session(stage: Stage, tmp_path: Path) -> None:
    """The worker is killed with all its processes during a call, and the job during a call of the next worker."""
    journal = SessionJournal(tmp_path)
    settings = {"STATE_DIR": str(tmp_path)}
    async with stage.worker(settings) as worker, call(stage, "killed-worker"):
        [first] = journal.entries()
        os.killpg(worker.process.pid, signal.SIGKILL)
        await worker.process.wait()
    assert await _state(stage, first.session_id) != "ended"
    async with stage.worker(settings) as worker:
        await _ended(stage, first.session_id)
        async with call(stage, "killed-job"):
            [second] = journal.entries()
            os.kill(_job(worker), signal.SIGKILL)
            await _ended(stage, second.session_id)

    assert [first.room, second.room] == [(await stage.ticket(name)).room for name in ("killed-worker", "killed-job")]
    assert journal.entries() == []


@asynccontextmanager
async def call(stage: Stage, name: str) -> AsyncIterator[None]:
    """Join as a caller who sees the avatar."""
    room = rtc.Room()
    changes = Changes()
    for event in ("participant_attributes_changed", "participant_connected", "track_subscribed"):
        room.on(event, lambda *_: changes.notify())
    ticket = await stage.ticket(name)
    await room.connect(ticket.url, ticket.token)
    try:
        async with asyncio.timeout(60):
            await changes.until(lambda: _sees_avatar(room) or None)
        yield
    finally:
        await room.disconnect()


def _sees_avatar(room: rtc.Room) -> bool:
    people = list(room.remote_participants.values())
    return any(person.attributes.get("avatar") == "live" for person in people) and any(
        track.kind == rtc.TrackKind.KIND_VIDEO and track.track is not None
        for person in people
        for track in person.track_publications.values()
    )


def _job(worker: Child) -> int:
    """Return the process id of the job that was linked to a caller last."""
    lines = [line for line in worker.tail(1000) if "RoomIO linked to participant" in line]
    found = re.search(r'"pid": (\d+)', lines[-1])
    assert found is not None
    return int(found[1])


async def _ended(stage: Stage, session_id: str) -> None:
    async with asyncio.timeout(PROMISE):
        while await _state(stage, session_id) != "ended":  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)


async def _state(stage: Stage, session_id: str) -> str:
    return next(str(session["state"]) for session in await stage.sessions() if session["id"] == session_id)
