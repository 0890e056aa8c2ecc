"""A worker with a settable state, and fake rooms."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp.test_utils import TestClient, TestServer

from agent.process.worker_state import WorkerState
from agent.rooms.connection_details import CallOverError, ConnectionDetails, NoRoomError
from agent.settings import Settings
from agent.web.app import create_app
from avatar.sessions.journal import SessionJournal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import web

    from agent.call_config import CallConfig

LIVEKIT = {
    # Nothing listens there.
    "livekit_url": "ws://127.0.0.1:1",
    "livekit_api_key": "devkey",
    "livekit_api_secret": "a-secret-of-thirty-two-characters",
}


def settings(**values: Any) -> Settings:
    """Make settings with a LiveKit server and these values."""
    return Settings(**{**LIVEKIT, **values})


@dataclass
class IdleWorker:
    """A worker with a settable state."""

    now: WorkerState = field(default_factory=lambda: WorkerState("ok", 0))

    async def state(self) -> WorkerState:
        return self.now


@dataclass
class ListedRooms:
    """Rooms that let callers in, or refuse them with `refusal` or `over`; they record names and tokens.

    Attributes:
        joined: Tokens of callers who have joined.
    """

    refusal: str = ""
    over: str = ""
    waits: float = 45.0
    names: list[str] = field(default_factory=list)
    configs: list[CallConfig | None] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    joined: set[str] = field(default_factory=set)

    async def create(self, name: str, config: CallConfig | None = None) -> ConnectionDetails:
        self.names.append(name)
        self.configs.append(config)
        if self.refusal:
            raise NoRoomError(self.refusal)
        token = "a-token" if len(self.names) == 1 else f"token-{len(self.names)}"
        return ConnectionDetails("ws://rooms", token, "a-room", "a-caller", 600.0)

    async def refresh(self, token: str) -> ConnectionDetails:
        self.tokens.append(token)
        if self.over:
            raise CallOverError(self.over)
        return ConnectionDetails("ws://rooms", "a-fresh-token", "a-room", "a-caller", 60.0)

    async def is_awaited(self, details: ConnectionDetails) -> bool:
        return details.token not in self.joined


@dataclass
class Site:
    """Everything that is served, and what is behind it."""

    directory: Path
    worker: IdleWorker = field(default_factory=IdleWorker)
    rooms: ListedRooms = field(default_factory=ListedRooms)

    @property
    def journal(self) -> SessionJournal:
        return SessionJournal(self.directory / "state")

    @property
    def page(self) -> Path:
        return self.directory / "dist"

    def app(self, **values: Any) -> web.Application:
        return create_app(settings(**values), self.rooms, self.worker, self.journal, self.page)

    @contextlib.asynccontextmanager
    async def client(self, **values: Any) -> AsyncIterator[TestClient[Any, Any]]:
        """Serve the application with these settings, and yield a client."""
        async with TestClient(TestServer(self.app(**values))) as client:
            yield client
