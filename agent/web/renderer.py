"""The two endpoints of a front end that renders LiveAvatar itself: one starts a session, the other stops it."""

import logging
from http import HTTPStatus
from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from agent.settings import Settings
from agent.web.body import read_model
from agent.web.guard import with_secret
from agent.web.renderer_sessions import RendererSessions
from avatar import HostedRoom, VideoQuality

logger = logging.getLogger("agent")

_WHAT_FOR = "start avatar sessions over HTTP"


class RendererRequest(BaseModel):
    """The avatar that a front end wants to render."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    avatar_id: Annotated[str, StringConstraints(max_length=128)] = Field(
        default="", description="LiveAvatar's id of the avatar; empty for the default of the settings or the persona"
    )
    video_quality: VideoQuality | None = Field(default=None, description="null for the default of the settings")


class RendererSession(BaseModel):
    """A LITE session that runs in a room of LiveAvatar's, under LiveAvatarRenderer's names."""

    sessionId: str = Field(description="stops the session")  # noqa: N815 - the renderer's name
    livekitUrl: str = Field(description="the room's LiveKit server")  # noqa: N815 - the renderer's name
    livekitToken: str = Field(description="the viewer joins the room with it")  # noqa: N815 - the renderer's name
    wsUrl: str = Field(description="takes the speech; a credential: its holder can speak through the avatar")  # noqa: N815 - the renderer's name


def add_renderer(api: web.Application, settings: Settings, sessions: RendererSessions) -> None:
    """Serve `/renderer/sessions` below the API, and stop all sessions when the server ends."""

    async def create(request: web.Request) -> web.Response:
        wanted = await read_model(request, RendererRequest)
        room = await sessions.create(wanted.avatar_id, wanted.video_quality)
        if request.transport is None or request.transport.is_closing():
            await sessions.stop(room.session_id)  # the front end has not waited, and doesn't know the session
        logger.info("a front end renders an avatar", extra={"session_id": room.session_id})
        return web.json_response(_told(room), status=HTTPStatus.CREATED)

    async def stop(request: web.Request) -> web.Response:
        await sessions.stop(request.match_info["session"])
        return web.Response(status=HTTPStatus.NO_CONTENT)

    async def close(_: web.Application) -> None:
        await sessions.aclose()

    secret = settings.secret
    api.router.add_post("/renderer/sessions", with_secret(secret, create, _WHAT_FOR))
    api.router.add_delete("/renderer/sessions/{session}", with_secret(secret, stop, _WHAT_FOR))
    api.on_shutdown.append(close)


def _told(room: HostedRoom) -> dict[str, str]:
    session = RendererSession(
        sessionId=room.session_id, livekitUrl=room.url, livekitToken=room.client_token, wsUrl=room.ws_url
    )
    return session.model_dump()
