"""HTTP for backends: begin a call, read its state, have the agent say something, end it."""

from http import HTTPStatus

from aiohttp import web

from agent.control.backend import BackendMethod
from agent.control.payloads import Nothing, Payload, Repeat, Talk
from agent.settings import Settings
from agent.web.body import read_model, read_query
from agent.web.call_request import Wait
from agent.web.guard import Serve, with_secret
from agent.web.running_calls import RunningCalls

# The action that needs the secret; see `with_secret`.
STEER = "steer calls over HTTP"

# Methods of the control protocol that a POST to a call can reach, with their payloads; the path ends in the method.
_ASKED: dict[BackendMethod, type[Payload]] = {"talk": Talk, "repeat": Repeat, "interrupt": Nothing}


def add_calls(api: web.Application, settings: Settings, calls: RunningCalls) -> None:
    """Serve `/calls/...` below the API.

    Args:
        api: The application below `/api`.
        settings: Contain the secret; without one, all requests are refused.
        calls: The running calls.
    """
    secret = settings.secret

    async def look(request: web.Request) -> web.Response:
        return web.json_response((await calls.state(request.match_info["call"])).model_dump())

    async def end(request: web.Request) -> web.Response:
        await calls.end(request.match_info["call"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def get_repeat(request: web.Request) -> web.Response:
        wait = read_query(request, Wait).wait
        payload = {"id": request.match_info["repeat"], "wait": wait}
        return web.json_response(await calls.ask(request.match_info["call"], "get_repeat", payload, wait=wait))

    api.router.add_get("/calls/{call}", with_secret(secret, look, STEER))
    api.router.add_delete("/calls/{call}", with_secret(secret, end, STEER))
    api.router.add_get("/calls/{call}/repeat/{repeat}", with_secret(secret, get_repeat, STEER))
    for method, model in _ASKED.items():
        api.router.add_post(f"/calls/{{call}}/{method}", with_secret(secret, _ask(calls, method, model), STEER))


def _ask(calls: RunningCalls, method: BackendMethod, model: type[Payload]) -> Serve:
    async def ask(request: web.Request) -> web.Response:
        payload = await read_model(request, model)
        return web.json_response(await calls.ask(request.match_info["call"], method, payload.model_dump()))

    return ask
