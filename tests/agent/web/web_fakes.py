"""A worker that does not run, and rooms that are nowhere."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp.test_utils import TestClient, TestServer

from agent.framework import JobServer
from agent.rooms.connection_details import CallOverError, ConnectionDetails, NoRoomError
from agent.settings import Settings
from agent.web.app import create_app
from agent.web.health import Health
from avatar.sessions.journal import SessionJournal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import web

LIVEKIT = {
    "livekit_url": "ws://127.0.0.1:1",  # nobody listens
    "livekit_api_key": "devkey",
    "livekit_api_secret": "a-secret-of-thirty-two-characters",
}


def settings(**values: Any) -> Settings:
    """Settings with a LiveKit server, and these."""
    return Settings(**{**LIVEKIT, **values})


class IdleServer(JobServer):
    """A worker that has reached LiveKit when it is told so, and has the calls that it is told to have."""

    def __init__(self) -> None:
        super().__init__(ws_url="ws://127.0.0.1:1", api_key="key", api_secret="secret")
        self.calls = 0
        self._devmode, self._worker_load, self._reserved_slots = False, 0.0, 0  # set where it runs

    def register(self) -> None:
        self._connecting = False
        self.emit("worker_registered", "an-id", None)

    def lose_livekit(self) -> None:
        self._connecting = True

    def begin_to_drain(self) -> None:
        self._draining = True

    def be_busy(self, load: float) -> None:
        self._worker_load = load

    @property
    def active_jobs(self) -> list[Any]:
        return [object()] * self.calls


@dataclass
class ListedRooms:
    """Lets callers in, or refuses them with `refusal` or `over`; remembers their names and tokens."""

    refusal: str = ""
    over: str = ""
    names: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    async def create(self, name: str) -> ConnectionDetails:
        self.names.append(name)
        if self.refusal:
            raise NoRoomError(self.refusal)
        return ConnectionDetails("ws://rooms", "a-token", "a-room", "a-caller", 600.0)

    async def refresh(self, token: str) -> ConnectionDetails:
        self.tokens.append(token)
        if self.over:
            raise CallOverError(self.over)
        return ConnectionDetails("ws://rooms", "a-fresh-token", "a-room", "a-caller", 600.0)


@dataclass
class Site:
    """All that is served, and what is behind it."""

    directory: Path
    server: IdleServer = field(default_factory=IdleServer)
    rooms: ListedRooms = field(default_factory=ListedRooms)

    @property
    def journal(self) -> SessionJournal:
        return SessionJournal(self.directory / "state")

    @property
    def page(self) -> Path:
        return self.directory / "dist"

    def app(self, **values: Any) -> web.Application:
        health = Health(self.server, is_registered=True)
        return create_app(settings(**values), self.rooms, health, self.journal, self.page)

    @contextlib.asynccontextmanager
    async def client(self, **values: Any) -> AsyncIterator[TestClient[Any, Any]]:
        """A client of the application with these settings, whose worker LiveKit knows."""
        async with TestClient(TestServer(self.app(**values))) as client:
            self.server.register()
            yield client
