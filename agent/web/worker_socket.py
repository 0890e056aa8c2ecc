"""The worker's interface for the page's process: a Unix socket that only its user can open.

The page's process asks for the worker's state before it lets a caller in. Where the rooms are LiveAvatar's, it asks for
them too: the worker that lets a caller in is the one that runs the call.
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

# Bytes of a request, which holds a name and a call's configuration, or a token, in which one may be.
_LONGEST_REQUEST = 4 * MOST_BYTES

# Seconds for the requests that are being answered at the end.
_SHUTDOWN_TIMEOUT = 1.0


@asynccontextmanager
async def worker_socket(path: Path, readiness: Readiness, rooms: Rooms | None) -> AsyncIterator[None]:
    """Answer on a socket for as long as the body runs.

    Args:
        path: Of the socket, in a directory of this user's own.
        readiness: Of the worker.
        rooms: Those that only the worker can open; None if the page's process opens them itself.
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
