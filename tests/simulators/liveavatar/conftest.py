"""The stand-in on loopback, with rooms that record."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Protocol

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from simulators.faults import FaultPlan
from simulators.liveavatar import Habits, Options, create_app
from tests.simulators.liveavatar.client import StandIn
from tests.simulators.liveavatar.rooms import RecordingRoom

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from simulators.faults import Fault
    from simulators.liveavatar.room import Invitation


class Serve(Protocol):
    """A function that starts a stand-in."""

    async def __call__(self, options: Options | None = None, *faults: Fault) -> StandIn:
        """Start a stand-in with these options and faults; by default its habits are fast and nothing goes wrong."""


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Yield a function that starts stand-ins, which end with the test."""
    async with AsyncExitStack() as stack:

        async def start(options: Options | None = None, *faults: Fault) -> StandIn:
            plan = FaultPlan(faults)
            rooms: list[RecordingRoom] = []

            def open_room(invitation: Invitation) -> RecordingRoom:
                rooms.append(RecordingRoom(invitation))
                return rooms[-1]

            app = create_app(options or Options(habits=Habits.fast()), open_room=open_room, faults=plan)
            server = await stack.enter_async_context(TestServer(app))
            http = await stack.enter_async_context(ClientSession())
            return StandIn(str(server.make_url("")).rstrip("/"), http, rooms, plan, server.close)

        yield start


@pytest.fixture
async def stand_in(serve: Serve) -> StandIn:
    """Return a stand-in with fast habits."""
    return await serve()
