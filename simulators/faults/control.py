"""The faults over HTTP, on loopback only: lists armed faults and their strikes, and arms others."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

from aiohttp import web
from pydantic import ValidationError

from simulators.faults.kinds import Arming, describe_kinds
from simulators.faults.plan import FaultPlan

if TYPE_CHECKING:
    from simulators.faults.plan import Armed

PATH = "/stand-in/faults"

_PLAN = web.AppKey("plan", FaultPlan)


def add_control(app: web.Application, plan: FaultPlan) -> None:
    """Serve `/stand-in/faults`, which shows and changes a plan."""
    app[_PLAN] = plan
    app.router.add_get(PATH, _tell)
    app.router.add_put(PATH, _arm)
    app.router.add_delete(PATH, _disarm)
    app.router.add_get(f"{PATH}/kinds", _tell_kinds)


def require_loopback(request: web.Request) -> None:
    """Refuse a request from another machine with 403."""
    if not ip_address(request.remote or "0.0.0.0").is_loopback:  # noqa: S104 - an unknown peer, nothing is bound to it
        raise web.HTTPForbidden


async def _tell(request: web.Request) -> web.Response:
    require_loopback(request)
    return _state(request.app[_PLAN])


async def _arm(request: web.Request) -> web.Response:
    require_loopback(request)
    try:
        arming = Arming.model_validate_json(await request.read())
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        return web.json_response({"detail": details, "kinds": describe_kinds()}, status=422)
    request.app[_PLAN].arm(arming.faults, seed=arming.seed)
    return _state(request.app[_PLAN])


async def _disarm(request: web.Request) -> web.Response:
    require_loopback(request)
    request.app[_PLAN].disarm()
    return _state(request.app[_PLAN])


async def _tell_kinds(request: web.Request) -> web.Response:
    require_loopback(request)
    return web.json_response(describe_kinds())


def _state(plan: FaultPlan) -> web.Response:
    return web.json_response({"seed": plan.seed, "faults": [_describe(armed) for armed in plan.armed]})


def _describe(armed: Armed) -> dict[str, object]:
    fault = armed.fault.model_dump(mode="json", exclude_defaults=True) | {"kind": armed.fault.kind}
    return {"fault": fault, "struck": armed.struck, "struck_at": list(armed.struck_at)}
