"""Invitations to the room."""

from __future__ import annotations

from urllib.parse import parse_qs, urlparse

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api
from pydantic import SecretStr

from agent.settings import Settings
from demo.errors import DemoError
from demo.invitation import Invitation, ask_in, invite

SECRET = "a-secret-of-thirty-two-characters"


def settings(agent_name: str = "") -> Settings:
    """Make settings with a LiveKit server."""
    return Settings(
        livekit_url="ws://127.0.0.1:7880",
        livekit_api_key="devkey",
        livekit_api_secret=SecretStr(SECRET),
        livekit_agent_name=agent_name,
    )


def test_the_link_has_url_and_token_for_livekit_meet() -> None:
    """The opened link joins the room without anything to fill in."""
    invitation = invite(settings(), "demo-1", "you")

    link = urlparse(invitation.link)

    assert (link.netloc, link.path) == ("meet.livekit.io", "/custom")
    assert parse_qs(link.query) == {"liveKitUrl": ["ws://127.0.0.1:7880"], "token": [invitation.token]}


def test_token_lets_one_person_into_one_room() -> None:
    """The token grants nothing else."""
    claims = api.TokenVerifier("devkey", SECRET).verify(invite(settings(), "demo-1", "you").token)

    assert claims.identity == "you"
    assert claims.video == api.VideoGrants(room_join=True, room="demo-1")
    assert (claims.sip, claims.room_config) == (api.SIPGrants(), None)


def test_the_token_requests_the_agent_when_it_has_a_name() -> None:
    """A worker with a name is not dispatched automatically."""
    claims = api.TokenVerifier("devkey", SECRET).verify(invite(settings("nova"), "demo-1", "you").token)

    assert claims.room_config is not None
    assert [agent.agent_name for agent in claims.room_config.agents] == ["nova"]


async def test_the_worker_invites_as_it_does_for_the_page() -> None:
    """The page is requested with the secret, and its reason for a refusal is shown."""
    asked: list[str | None] = []

    async def admit(request: web.Request) -> web.Response:
        asked.append(request.headers.get("Authorization"))
        if len(asked) > 1:
            return web.json_response({"error": "there is no room"}, status=502)
        return web.json_response({"url": "ws://there", "token": "a-token"})

    app = web.Application()
    app.router.add_post("/api/call", admit)
    async with TestServer(app) as server:
        worker = Settings.model_validate({"web_port": server.port, "web_secret": "a-secret"})
        assert await ask_in(worker) == Invitation("ws://there", "a-token")
        with pytest.raises(DemoError, match="there is no room"):
            await ask_in(worker)

    assert asked == ["Bearer a-secret"] * 2
