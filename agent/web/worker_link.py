"""The page's link to its worker, or to workers elsewhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any, Protocol

import aiohttp

from agent.call_config import CallConfig
from agent.process.worker_state import WorkerState
from agent.rooms.connection_details import CallOverError, ConnectionDetails, NoRoomError
from agent.rooms.hosted import CALLER_JOIN_TIMEOUT

# Seconds for an answer; a room of LiveAvatar's takes a few.
_TIMEOUT = aiohttp.ClientTimeout(total=30.0)

# Most connections to the worker at a time; more requests wait for one.
_CONNECTIONS = 8

_AWAY = "Calls are not available at the moment. Please try again later."


class Worker(Protocol):
    """The part of the worker that the page needs."""

    async def state(self) -> WorkerState:
        """Return the state of the worker that takes the calls."""


class AnyWorker:
    """Workers elsewhere: LiveKit chooses one, and it is unknown here whether one has room."""

    async def state(self) -> WorkerState:
        """Return `ok`: callers can always be let in."""
        return WorkerState("ok", 0)


class WorkerLink:
    """The worker that has started this process; see `agent.web.worker_socket`.

    Args:
        http: Connected to the worker's socket.
    """

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def state(self) -> WorkerState:
        """Return the worker's state; `starting` if it does not answer."""
        try:
            async with self._http.get("http://worker/state") as answer:
                return WorkerState(**await answer.json())
        except (aiohttp.ClientError, TimeoutError):
            return WorkerState("starting", 0, "the worker does not answer")

    @property
    def waits(self) -> float:
        """Seconds for which a session of LiveAvatar's waits for its caller."""
        return CALLER_JOIN_TIMEOUT

    async def is_awaited(self, details: ConnectionDetails) -> bool:  # noqa: ARG002 - LiveAvatar's server can't be asked
        """Return True: it is unknown whether a caller has joined."""
        return True

    async def create(self, name: str, config: CallConfig | None = None) -> ConnectionDetails:
        """Have the worker open a room; see `Rooms.create`."""
        document = {} if config is None else config.model_dump(mode="json", exclude_none=True)
        return await self._details("create", {"name": name, "call": document})

    async def refresh(self, token: str) -> ConnectionDetails:
        """Have the worker repeat connection details; see `Rooms.refresh`."""
        return await self._details("refresh", {"token": token})

    async def _details(self, what: str, body: dict[str, Any]) -> ConnectionDetails:
        try:
            async with self._http.post(f"http://worker/rooms/{what}", json=body) as answer:
                told: dict[str, Any] = await answer.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise NoRoomError(_AWAY) from error
        if answer.status == HTTPStatus.OK:
            return ConnectionDetails(**told)
        raise (CallOverError if answer.status == HTTPStatus.GONE else NoRoomError)(told["error"])


@asynccontextmanager
async def worker_link(path: Path) -> AsyncIterator[WorkerLink]:
    """Connect to the worker's socket while the body runs."""
    connector = aiohttp.UnixConnector(str(path), limit=_CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as http:
        yield WorkerLink(http)
