"""The REST API: requests go to the model, and its answers to the clients."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from aiohttp import web

from simulators.liveavatar.model.refusals import envelope
from simulators.liveavatar.model.routes import ROUTES
from simulators.liveavatar.service import SERVICE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulators.faults.calls import Status
    from simulators.liveavatar.model import Replied

WEBSOCKET_ROUTE = "websocket"


def refuse(fault: Status) -> web.Response:
    """Make the response of an armed fault."""
    body = envelope(None, fault.message, code=fault.code or fault.status)
    return web.json_response(body, status=fault.status)


async def say_stand_in(_request: web.Request, response: web.StreamResponse) -> None:
    """Mark every answer, so that it is not taken for one of the vendor's."""
    response.headers["X-Stand-In"] = "liveavatar"


def add_routes(app: web.Application) -> None:
    """Serve every endpoint of the model under its name, and all other paths."""
    for route in ROUTES:
        app.router.add_route(route.method, route.path, _forward, name=route.name)
    app.router.add_route("*", "/v1/{rest:.*}", _forward)


def tail(request: web.Request) -> str:
    """Return the path of a request from `/v1/` on, with the query."""
    return "/v1/" + request.path_qs.partition("/v1/")[2]


async def read_body(request: web.Request) -> object:
    """Read the JSON of a request; return None without a body."""
    body = await request.read()
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")  # not valid in any model, so that the answer is a usual 422


def to_response(reply: Replied, body: object) -> web.Response:
    """Make a response: JSON, or a page of text."""
    if isinstance(body, str):
        return web.Response(text=body, content_type="text/html", status=reply.status, headers=reply.headers)
    return web.json_response(body, status=reply.status, headers=reply.headers)


async def _forward(request: web.Request) -> web.Response:
    service = request.app[SERVICE]
    reply = await service.call(request.method, tail(request), request.headers, await read_body(request))
    body, name = reply.body, request.match_info.route.name
    if name == "start" and isinstance(body, dict) and body["data"] is not None:
        body = {**body, "data": _started(request, body["data"])}
    if name == "stop":
        await service.departures()
    return to_response(reply, body)


def _started(request: web.Request, data: Mapping[str, object]) -> dict[str, object]:
    """Replace the model's WebSocket and room with this server's."""
    service = request.app[SERVICE]
    session = service.model.session(str(data["session_id"]))
    path = request.app.router[WEBSOCKET_ROUTE].url_for(ws_key=session.ws_key)
    started = {**data, "ws_url": f"ws://{request.host}{path}"}
    if (room := service.hosted_room(session)) is not None:
        started |= {
            "livekit_url": room.url,
            "livekit_client_token": room.client_token,
            "livekit_agent_token": room.agent_token,
        }
    return started
