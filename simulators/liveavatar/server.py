"""The stand-in as an aiohttp application."""

from __future__ import annotations

from aiohttp import web

from simulators.faults import FaultPlan
from simulators.faults.control import add_control
from simulators.faults.injection import INJECTION
from simulators.faults.middleware import install
from simulators.liveavatar import inspection
from simulators.liveavatar.driver import install_driver
from simulators.liveavatar.options import Options
from simulators.liveavatar.rest import WEBSOCKET_ROUTE, add_routes, refuse, say_stand_in
from simulators.liveavatar.room import LiveKitRoom, OpenRoom
from simulators.liveavatar.service import SERVICE, Service
from simulators.liveavatar.websocket import websocket


def create_app(
    options: Options | None = None, *, open_room: OpenRoom = LiveKitRoom, faults: FaultPlan | None = None
) -> web.Application:
    """Make a stand-in for LiveAvatar LITE.

    Args:
        options: The options; None for the defaults.
        open_room: Makes the rooms that sessions join; tests pass one that only records.
        faults: The faults, which can be armed at any time, here and over HTTP; None to start without any.
    """
    plan = faults or FaultPlan()
    app = web.Application()
    install(app, plan, "liveavatar", refuse)
    add_control(app, plan)
    app[SERVICE] = service = Service(options or Options(), open_room, app[INJECTION])
    install_driver(app, service)
    add_routes(app)
    app.router.add_get("/ws/{ws_key}", websocket, name=WEBSOCKET_ROUTE)
    app.router.add_get("/stand-in/sessions", inspection.list_sessions)
    app.on_response_prepare.append(say_stand_in)
    return app
