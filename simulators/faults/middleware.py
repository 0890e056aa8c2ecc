"""Brings the faults of requests about in a middleware, without the handlers' knowledge."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from aiohttp import web

from simulators.faults.calls import Cut, Hang, HoldReply, LoseReply, Omit, Slow, Status, Truncate
from simulators.faults.fault import CallFault
from simulators.faults.injection import INJECTION, Injection, cut

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.typedefs import Handler

    from simulators.faults.plan import FaultPlan
    from simulators.vendors import Vendor

# Makes an error in the vendor's format.
Refuse: TypeAlias = "Callable[[Status], web.Response]"


def install(app: web.Application, plan: FaultPlan, vendor: Vendor, refuse: Refuse) -> None:
    """Let the faults of a plan strike in an application; the names of its routes are the faults' places."""
    app[INJECTION] = injection = Injection(plan, vendor)
    app.on_shutdown.append(injection.release)

    @web.middleware
    async def fail(request: web.Request, handler: Handler) -> web.StreamResponse:
        struck = injection.strike(request.match_info.route.name or "", CallFault)
        if not struck:
            return await handler(request)
        for fault in reversed(struck):
            handler = partial(_suffer, fault, injection, refuse, handler)
        # A request is carried out to its end also when its client has given up.
        return await asyncio.shield(injection.spawn(handler(request)))

    app.middlewares.insert(0, fail)


async def _suffer(
    fault: CallFault, injection: Injection, refuse: Refuse, handler: Handler, request: web.Request
) -> web.StreamResponse:
    match fault:
        case Status():
            return _error(fault, refuse)
        case Hang():
            await injection.hold(request)
            return web.Response()
        case Cut():
            cut(request)
            return web.Response()
        case Slow():
            await asyncio.sleep(fault.seconds)
    return await _spoil(fault, injection, await handler(request), request)


async def _spoil(
    fault: CallFault, injection: Injection, response: web.StreamResponse, request: web.Request
) -> web.StreamResponse:
    body = response.body if isinstance(response, web.Response) and isinstance(response.body, bytes) else b""
    match fault:
        case HoldReply():
            await injection.hold(request)
        case LoseReply():
            cut(request)
        case Truncate():
            return _with_body(response, body[: len(body) // 2])
        case Omit():
            return _with_body(response, _without(body, fault.fields))
    return response


def _error(fault: Status, refuse: Refuse) -> web.Response:
    if fault.body is None:
        response = refuse(fault)
    elif isinstance(fault.body, str):
        response = web.Response(text=fault.body, content_type="text/html", status=fault.status)
    else:
        response = web.json_response(fault.body, status=fault.status)
    response.headers.update(fault.headers)
    return response


def _with_body(response: web.StreamResponse, body: bytes) -> web.Response:
    return web.Response(body=body, status=response.status, content_type=response.content_type)


def _without(body: bytes, fields: tuple[str, ...]) -> bytes:
    answer = json.loads(body)
    for field in fields:
        *path, name = field.split(".")
        inner: Any = answer
        for step in path:
            inner = inner.get(step) if isinstance(inner, dict) else None
        if isinstance(inner, dict):
            inner.pop(name, None)
    return json.dumps(answer).encode()
