"""What the page's process learns from its worker over the worker's socket."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from agent.call_config import CallConfig, CallLimits
from agent.process.readiness import Readiness
from agent.process.worker_state import WorkerState
from agent.rooms.connection_details import CallOverError, NoRoomError
from agent.web.worker_link import AnyWorker, worker_link
from agent.web.worker_socket import worker_socket
from tests.agent.process.test_readiness import IdleServer
from tests.agent.web.web_fakes import ListedRooms

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from agent.web.worker_link import WorkerLink


@asynccontextmanager
async def linked(path: Path, server: IdleServer, rooms: ListedRooms | None) -> AsyncIterator[WorkerLink]:
    """Run a worker's socket and the link to it."""
    readiness = Readiness(server, is_registered=True)
    async with worker_socket(path / "s", readiness, rooms), worker_link(path / "s") as link:
        yield link


async def test_the_state_is_the_workers(tmp_path: Path) -> None:
    """Its changes are seen; a worker that can't be reached counts as starting."""
    server = IdleServer()
    async with linked(tmp_path, server, None) as link:
        states = [await link.state()]
        server.register()
        server.calls = 3
        states.append(await link.state())
    async with worker_link(tmp_path / "s") as link:
        states.append(await link.state())

    assert [state.status for state in states] == ["starting", "ok", "starting"]
    assert states[1] == WorkerState("ok", 3)


async def test_the_workers_rooms_are_used_over_the_link(tmp_path: Path) -> None:
    """Refusals of the rooms are passed on, too."""
    rooms = ListedRooms()
    async with linked(tmp_path, IdleServer(), rooms) as link:
        details = await link.create("Ada", CallConfig(persona="poet", limits=CallLimits(call_idle_seconds=9)))
        again = await link.refresh(details.token)
        rooms.refusal, rooms.over = "All lines are busy.", "The call has ended."
        with pytest.raises(NoRoomError, match=r"All lines are busy\."):
            await link.create("Ada")
        with pytest.raises(CallOverError, match=r"The call has ended\."):
            await link.refresh(details.token)

    assert (details.token, again.token, rooms.names) == ("a-token", "a-fresh-token", ["Ada", "Ada"])
    assert rooms.configs == [CallConfig(persona="poet", limits=CallLimits(call_idle_seconds=9)), CallConfig()]


async def test_an_unreachable_worker_has_no_rooms(tmp_path: Path) -> None:
    """The caller reads a sentence."""
    async with worker_link(tmp_path / "s") as link:
        with pytest.raises(NoRoomError, match="not available"):
            await link.create("")


async def test_without_a_worker_callers_are_let_in() -> None:
    """LiveKit chooses a worker elsewhere."""
    assert (await AnyWorker().state()).is_ready
