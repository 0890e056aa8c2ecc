"""The application that serves the page, tokens, sessions and health."""

import asyncio
import logging
import time
from dataclasses import asdict
from http import HTTPStatus
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import ValidationError

from agent.call_config import MOST_BYTES
from agent.metrics.requests import count_requests
from agent.process.worker_state import Status
from agent.rooms.connection_details import ConnectionDetails, Rooms
from agent.rooms.own import OwnRooms
from agent.settings import Settings
from agent.web.access_log import logged
from agent.web.admission import Admission
from agent.web.answers import Begun
from agent.web.body import read_body, read_model
from agent.web.call_configs import CALL_CONFIGS, CallConfigs, list_choices
from agent.web.call_request import CallRequest, NewCall
from agent.web.calls import STEER, add_calls
from agent.web.clients import CLIENT, Proxies, identified
from agent.web.cross_origin import allowing, from_known_origins
from agent.web.errors import RequestError, tell_errors
from agent.web.guard import called_by_name, known_names, knows, not_too_often, with_secret
from agent.web.headers import telling
from agent.web.openapi import add_openapi
from agent.web.page import add_page
from agent.web.renderer import add_renderer
from agent.web.renderer_sessions import RendererSessions
from agent.web.running_calls import RunningCalls
from agent.web.token_source import add_token_endpoint
from agent.web.worker_link import Worker
from avatar.sessions.port import Journal

logger = logging.getLogger("agent")

ADMISSION = web.AppKey("ADMISSION", Admission)
WORKER = web.AppKey("WORKER", Worker)
JOURNAL = web.AppKey("JOURNAL", Journal)
HAS_SECRET = web.AppKey("HAS_SECRET", bool)

# Most bytes of a request: a call's configuration, or a token with one in it, and a little more.
_LONGEST_REQUEST = 2 * MOST_BYTES

# Message for callers while no call is taken, and the seconds after which they may retry.
_NO_CALLS: dict[Status, tuple[str, float]] = {
    "full": ("All lines are busy at the moment.", 10.0),
    "draining": ("The agent is being restarted and takes no new calls.", 10.0),
    "starting": ("The agent is not ready yet.", 2.0),
}


def create_app(settings: Settings, rooms: Rooms, worker: Worker, journal: Journal, page: Path) -> web.Application:
    """Make the application.

    Args:
        settings: Contain the secret, the host, the limits and the page's policy.
        rooms: Makes the callers' tokens.
        worker: Takes the calls.
        journal: Journal of the listed sessions.
        page: The folder of the built page; need not exist.
    """
    middlewares = [
        identified(Proxies(settings.trusted_proxies)),
        count_requests,
        logged(),
        tell_errors,
        called_by_name(known_names(settings)),
    ]
    app = web.Application(middlewares=middlewares, client_max_size=_LONGEST_REQUEST)
    app.on_response_prepare.append(telling(settings))
    app[WORKER] = worker
    app.router.add_get("/healthz", tell_health)
    add_openapi(app)
    app.add_subapp("/api/", _create_api(settings, rooms, worker, journal))
    add_page(app, page)
    return app


def _create_api(settings: Settings, rooms: Rooms, worker: Worker, journal: Journal) -> web.Application:
    secret = settings.secret
    # In this order, so that guesses at the secret are limited too.
    origins = from_known_origins(settings.web_origins)
    api = web.Application(middlewares=[origins, not_too_often(secret), knows(secret)])
    api.on_response_prepare.append(allowing(settings.web_origins))
    api[WORKER], api[JOURNAL], api[HAS_SECRET] = worker, journal, bool(secret)
    # A client with the secret is a server or a proxy that acts for many callers.
    api[ADMISSION] = Admission(settings, rooms, is_limited=not secret)
    api[CALL_CONFIGS] = CallConfigs(settings)
    api.router.add_post("/call", admit_caller)
    api.router.add_get("/choices", list_choices)
    api.router.add_get("/sessions", list_sessions)
    add_renderer(api, settings, RendererSessions(settings, journal))
    if isinstance(rooms, OwnRooms):
        add_token_endpoint(api, rooms)
        api.router.add_post("/calls", with_secret(secret, begin_call, STEER))
        add_calls(api, settings, RunningCalls(settings))
    return api


async def admit_caller(request: web.Request) -> web.Response:
    """Answer with a token for a room with an agent.

    Raises:
        RequestError: No call is taken now; the message is for the caller.
    """
    wanted = await _read(request)
    if wanted.again:  # a running call, also while no new one is taken
        return web.json_response(asdict(await request.app[ADMISSION].rooms.refresh(wanted.again)))
    return web.json_response(asdict(await _admit(request, wanted.name, wanted.call)))


async def begin_call(request: web.Request) -> web.Response:
    """Begin a call for a backend; answer with the call's id and its caller's connection details.

    Raises:
        RequestError: No call is taken now.
    """
    wanted = await read_model(request, NewCall)
    details = await _admit(request, wanted.name, wanted.call)
    return web.json_response(Begun.of(details).model_dump(), status=HTTPStatus.CREATED)


async def list_sessions(request: web.Request) -> web.Response:
    """List the avatar sessions of this machine that may run."""
    if not request.app[HAS_SECRET]:
        raise RequestError(HTTPStatus.FORBIDDEN, "Set WEB_SECRET to list sessions.")
    sessions = await asyncio.to_thread(_sessions, request.app[JOURNAL], time.time())
    return web.json_response({"sessions": sessions})


async def tell_health(request: web.Request) -> web.Response:
    """Answer 200 while callers can be admitted, also when the worker is full; else 503."""
    state = await request.app[WORKER].state()
    status = HTTPStatus.OK if state.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return web.json_response({"status": state.status, "calls": state.calls}, status=status)


async def _admit(request: web.Request, name: str, call: dict[str, Any] | None) -> ConnectionDetails:
    if (status := (await request.app[WORKER].state()).status) in _NO_CALLS:
        message, retry_after = _NO_CALLS[status]
        raise RequestError(HTTPStatus.SERVICE_UNAVAILABLE, message, retry_after)
    config = await request.app[CALL_CONFIGS].read(call)
    details = await request.app[ADMISSION].admit(request[CLIENT], name, config)
    # The room's name is the id of the call, from here on.
    logger.info("a caller may join", extra={"room": details.room})
    return details


async def _read(request: web.Request) -> CallRequest:
    try:
        return CallRequest.model_validate_json(await read_body(request))
    except ValidationError:
        message = 'Send JSON like {"name": "at most 64 characters"}.'
        raise RequestError(HTTPStatus.BAD_REQUEST, message) from None


def _sessions(journal: Journal, now: float) -> list[dict[str, object]]:
    return [
        {
            "session_id": entry.session_id,
            "room": entry.room,
            "state": entry.state,
            "seconds": max(0.0, now - entry.made_at),
            "is_owned": journal.is_owned(entry),
        }
        for entry in journal.entries()
    ]
