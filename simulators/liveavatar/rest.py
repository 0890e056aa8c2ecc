"""The REST API, as in HeyGen's API reference."""

from __future__ import annotations

import asyncio
import json
import secrets
from typing import TYPE_CHECKING, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from simulators.liveavatar.avatars import PUBLIC_AVATARS, WAYNE_ID
from simulators.liveavatar.errors import ApiError, envelope
from simulators.liveavatar.requests import SessionRequest, SessionsQuery, TokenRequest
from simulators.liveavatar.service import Service

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from simulators.faults.calls import Status
    from simulators.liveavatar.account import SessionRecord

SERVICE = web.AppKey("service", Service)
WEBSOCKET_ROUTE = "websocket"

Body = TypeVar("Body", bound=BaseModel)

routes = web.RouteTableDef()


@web.middleware
async def answer_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Put a refusal into the service's envelope, and what does not validate into a list of details."""
    try:
        return await handler(request)
    except ApiError as error:
        return web.json_response(envelope(None, str(error), code=error.code), status=error.status)
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False)
        return web.json_response({"detail": details}, status=422)


def refuse(fault: Status) -> web.Response:
    """Word an error that was asked for."""
    return web.json_response(envelope(None, fault.message, code=fault.code or fault.status), status=fault.status)


@routes.post("/v1/sessions/token", name="token")
async def create_token(request: web.Request) -> web.Response:
    """Check what is asked for and give out a session token for it."""
    service = request.app[SERVICE]
    _require_key(request)
    asked = TokenRequest.model_validate(await _json(request))
    _check_avatar(asked)
    _check_duration(asked, service.options.max_session_duration)
    if asked.livekit_config is None and service.options.livekit is None:
        raise ApiError(400, "This stand-in has no LiveKit server of its own: livekit_config is required")
    await asyncio.sleep(service.options.token_delay)
    record = service.account.create(asked)
    return web.json_response(envelope({"session_id": record.id, "session_token": record.token}))


@routes.post("/v1/sessions/start", name="start")
async def start_session(request: web.Request) -> web.Response:
    """Start the session that the token is for."""
    service = request.app[SERVICE]
    record = _bearer(request)
    if record is None:
        raise ApiError(401, "Invalid session token")
    await asyncio.sleep(service.options.start_delay)
    hosted = service.start(record)
    path = request.app.router[WEBSOCKET_ROUTE].url_for(ws_key=record.ws_key)
    data: dict[str, object] = {
        "session_id": record.id,
        "max_session_duration": record.request.max_session_duration or service.options.max_session_duration,
        "ws_url": f"ws://{request.host}{path}",
    }
    if hosted is not None:
        data |= {
            "livekit_url": hosted.url,
            "livekit_client_token": hosted.client_token,
            "livekit_agent_token": hosted.agent_token,
        }
    return web.json_response(envelope(data), status=201)


@routes.post("/v1/sessions/stop", name="stop")
async def stop_session(request: web.Request) -> web.Response:
    """End a session; answered when the avatar has left the room."""
    asked = SessionRequest.model_validate(await _json(request, default={"reason": "USER_CLOSED"}))
    record = _addressed(request, asked)
    await request.app[SERVICE].stop(record, asked.reason)
    return web.json_response(envelope(None))


@routes.post("/v1/sessions/keep-alive", name="keep_alive")
async def keep_alive(request: web.Request) -> web.Response:
    """Start a session's idle time anew."""
    asked = SessionRequest.model_validate(await _json(request, default={}))
    record = _addressed(request, asked)
    if session := request.app[SERVICE].sessions.get(record.id):
        session.touch()
    return web.json_response(envelope(None))


@routes.get("/v1/sessions", name="sessions")
async def list_sessions(request: web.Request) -> web.Response:
    """List the sessions that run, or those that have ended."""
    _require_key(request)
    query = SessionsQuery.model_validate(dict(request.query))
    account = request.app[SERVICE].account
    records = account.active if query.type == "active" else account.historic
    first = (query.page - 1) * query.page_size
    page = [_session_item(record) for record in records[first : first + query.page_size]]
    return web.json_response(envelope({"count": len(records), "next": None, "previous": None, "results": page}))


@routes.get("/v1/sessions/{session_id}", name="session")
async def get_session(request: web.Request) -> web.Response:
    """Tell about one session."""
    _require_key(request)
    record = request.app[SERVICE].account.records.get(request.match_info["session_id"])
    if record is None:
        raise ApiError(404, "Session not found")
    return web.json_response(envelope(_session_item(record)))


@routes.get("/v1/avatars/public", name="avatars")
async def list_public_avatars(_request: web.Request) -> web.Response:
    """List the avatars that everyone may use; needs no key."""
    avatars = list(PUBLIC_AVATARS.values())
    return web.json_response(envelope({"count": len(avatars), "next": None, "previous": None, "results": avatars}))


@routes.get("/v1/avatars/{avatar_id}", name="avatar")
async def get_avatar(request: web.Request) -> web.Response:
    """Tell about one avatar."""
    _require_key(request)
    avatar = PUBLIC_AVATARS.get(request.match_info["avatar_id"])
    if avatar is None:
        raise ApiError(404, "Avatar not found")
    return web.json_response(envelope(avatar))


@routes.get("/v1/users/credits", name="credits")
async def get_credits(request: web.Request) -> web.Response:
    """Tell the credits that are left: a string, as the service does."""
    _require_key(request)
    return web.json_response(envelope({"credits_left": f"{request.app[SERVICE].account.credits_left:.2f}"}))


async def _json(request: web.Request, *, default: object = None) -> object:
    body = await request.read()
    if not body and default is not None:
        return default
    try:
        return json.loads(body)
    except ValueError:
        return None  # which no model takes, so that the answer is a 422 like any other


def _require_key(request: web.Request) -> None:
    if not _has_key(request):
        raise ApiError(401, "Invalid API key")


def _has_key(request: web.Request) -> bool:
    key = request.headers.get("X-API-KEY", "")
    return secrets.compare_digest(key.encode(), request.app[SERVICE].options.api_key.encode())


def _bearer(request: web.Request) -> SessionRecord | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return request.app[SERVICE].account.by_token(token) if scheme == "Bearer" else None


def _addressed(request: web.Request, asked: SessionRequest) -> SessionRecord:
    """Find the session that a request is about: the session token's, or with the API key the one in the body."""
    if (record := _bearer(request)) is not None:
        return record
    _require_key(request)
    record = request.app[SERVICE].account.records.get(str(asked.session_id))
    if record is None:
        raise ApiError(404, "Session not found")
    return record


def _check_avatar(asked: TokenRequest) -> None:
    if str(asked.avatar_id) not in PUBLIC_AVATARS:
        raise ApiError(404, "Avatar not found")
    if asked.is_sandbox and str(asked.avatar_id) != WAYNE_ID:
        raise ApiError(403, "This avatar is not available in sandbox mode")


def _check_duration(asked: TokenRequest, maximum: int) -> None:
    if asked.max_session_duration is not None and asked.max_session_duration > maximum:
        raise ApiError(400, f"max_session_duration exceeds the maximum allowed ({maximum}s)")


def _session_item(record: SessionRecord) -> dict[str, object]:
    item: dict[str, object] = {
        "id": record.id,
        "created_at": record.created_at.isoformat(),
        "updated_at": (record.ended_at or record.started_at or record.created_at).isoformat(),
        "duration": record.duration,
        "source": "API",
        "mode": record.request.mode,
        "is_sandbox": record.request.is_sandbox,
        "credits_consumed": record.credits_consumed,
    }
    if record.ended_at is not None:
        item |= {"end_at": record.ended_at.isoformat(), "end_reason": record.end_reason}
    return item
