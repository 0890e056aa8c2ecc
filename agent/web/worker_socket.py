"""The worker's interface for the page's process: a Unix socket that only its user can open.

The page's process reads the worker's state before it lets a caller in. With ROOM_OWNER=liveavatar it also requests
rooms: the worker that opens a room runs the call.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from aiohttp import web

from agent.call_config import MOST_BYTES, parse_config
from agent.process.readiness import Readiness
from agent.rooms.connection_details import Rooms
from agent.web.errors import tell_errors

# Most bytes of a request, which has a name and a call's configuration, or a token that may contain one.
_LONGEST_REQUEST = 4 * MOST_BYTES

# Seconds for running requests at the end.
_SHUTDOWN_TIMEOUT = 1.0


@asynccontextmanager
async def worker_socket(path: Path, readiness: Readiness, rooms: Rooms | None) -> AsyncIterator[None]:
    """Answer on a socket while the body runs.

    Args:
        path: Path of the socket, in a private directory of this user.
        readiness: The worker's readiness.
        rooms: Rooms that only the worker can open; None if the page's process opens them itself.
    """
    runner = web.AppRunner(_app(readiness, rooms), access_log=None, shutdown_timeout=_SHUTDOWN_TIMEOUT)
    await runner.setup()
    try:
        await web.UnixSite(runner, path).start()
        yield
    finally:
        await runner.cleanup()


def _app(readiness: Readiness, rooms: Rooms | None) -> web.Application:
    async def state(_: web.Request) -> web.Response:
        return web.json_response(asdict(readiness.state))

    app = web.Application(middlewares=[tell_errors], client_max_size=_LONGEST_REQUEST)
    app.router.add_get("/state", state)
    if rooms is not None:
        _add_rooms(app, rooms)
    return app


def _add_rooms(app: web.Application, rooms: Rooms) -> None:
    async def create(request: web.Request) -> web.Response:
        wanted = await request.json()
        return web.json_response(asdict(await rooms.create(wanted["name"], parse_config(wanted["call"]))))

    async def refresh(request: web.Request) -> web.Response:
        return web.json_response(asdict(await rooms.refresh((await request.json())["token"])))

    app.router.add_post("/rooms/create", create)
    app.router.add_post("/rooms/refresh", refresh)
