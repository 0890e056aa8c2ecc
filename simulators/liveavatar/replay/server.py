"""A recorded call as an aiohttp application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from simulators.faults import FaultPlan
from simulators.faults.control import add_control
from simulators.faults.middleware import install
from simulators.liveavatar.driver import DRIVER, Driver, install_driver
from simulators.liveavatar.performance import TICK_SECONDS
from simulators.liveavatar.replay.model import NOWHERE, ReplayModel
from simulators.liveavatar.rest import WEBSOCKET_ROUTE, read_body, refuse, say_stand_in, tail, to_response
from simulators.liveavatar.ticker import Ticker
from simulators.liveavatar.websocket import websocket

if TYPE_CHECKING:
    from simulators.liveavatar.replay.recording import Recording


def create_app(
    recording: Recording, *, livekit_url: str | None = None, faults: FaultPlan | None = None
) -> web.Application:
    """Make an application that replays the service's side of a recording.

    Args:
        recording: The recording of one call.
        livekit_url: URL in the answer to a start for a room of the service's own; None for one without a server.
        faults: Faults in addition to the recording.
    """
    app = web.Application()
    plan = faults or FaultPlan()
    install(app, plan, "liveavatar", refuse)
    add_control(app, plan)
    clock = Ticker(TICK_SECONDS)
    install_driver(app, Driver(ReplayModel(recording, now=clock.now, livekit_url=livekit_url or NOWHERE), clock))
    app.on_response_prepare.append(say_stand_in)
    app.router.add_route("*", "/v1/{rest:.*}", _forward)
    app.router.add_get("/ws/{ws_key}", websocket, name=WEBSOCKET_ROUTE)
    return app


async def _forward(request: web.Request) -> web.Response:
    reply = await request.app[DRIVER].call(request.method, tail(request), request.headers, await read_body(request))
    body = reply.body
    if isinstance(body, dict) and isinstance(data := body.get("data"), dict) and "ws_url" in data:
        path = request.app.router[WEBSOCKET_ROUTE].url_for(ws_key=str(data["ws_url"]).rpartition("/")[2])
        body = {**body, "data": {**data, "ws_url": f"ws://{request.host}{path}"}}
    return to_response(reply, body)
