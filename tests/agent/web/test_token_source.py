"""LiveKit's standard token endpoint."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from livekit import api

from agent.rooms.own import OwnRooms, is_web_room
from agent.web.app import create_app
from tests.agent.web.web_fakes import LIVEKIT, Site, settings

if TYPE_CHECKING:
    from pathlib import Path

# The request of livekit-client 2.23.
REQUEST = {
    "room_name": "a-room-of-their-choice",
    "participant_name": "Ada",
    "participant_identity": "ada",
    "participant_metadata": "a customer",
    "participant_attributes": {"plan": "gold"},
    "room_config": {"agents": [{"agent_name": "another"}]},
}


async def ask(directory: Path, body: Any, **values: Any) -> tuple[int, dict[str, Any]]:
    """Send a request to a server with its own rooms; no LiveKit server runs."""
    site, set_ = Site(directory), settings(**values)
    app = create_app(set_, OwnRooms(set_), site.worker, site.journal, site.page)
    async with TestClient(TestServer(app)) as client, client.post("/api/token", json=body) as answer:
        return answer.status, await answer.json()


def claims_of(token: str) -> api.access_token.Claims:
    """Verify a token and return its claims."""
    return api.TokenVerifier(LIVEKIT["livekit_api_key"], LIVEKIT["livekit_api_secret"]).verify(token)


async def test_the_standard_request_gets_the_standard_answer(tmp_path: Path) -> None:
    """The client chooses name, metadata and attributes; room and identity are the call's own."""
    status, answer = await ask(tmp_path, REQUEST)
    claims = claims_of(answer["participant_token"])

    assert (status, answer["server_url"]) == (201, LIVEKIT["livekit_url"])
    assert (claims.name, claims.metadata, claims.attributes) == ("Ada", "a customer", {"plan": "gold"})
    assert claims.video is not None
    assert claims.video.room == answer["room_name"]
    assert is_web_room(answer["room_name"])
    assert claims.identity != "ada"


async def test_the_agent_is_dispatched_by_the_token(tmp_path: Path) -> None:
    """A named agent is dispatched when the caller joins; the client can't choose another agent."""
    _, answer = await ask(tmp_path, REQUEST, livekit_agent_name="face")

    config = claims_of(answer["participant_token"]).room_config
    assert config is not None
    assert [each.agent_name for each in config.agents] == ["face"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"participant_name": "x" * 65}, "participant_name"),
        ({"participant_attributes": {"lk.publish_on_behalf": "agent"}}, "participant_attributes"),
        ({"participant_attributes": {"sip.callStatus": "active"}}, "participant_attributes"),
        ({"participant_attributes": ["plan"]}, "participant_attributes"),
    ],
)
async def test_fields_that_can_not_be_granted_are_named(tmp_path: Path, body: Any, field: str) -> None:
    """LiveKit's own attributes would let a caller pass for the avatar."""
    status, answer = await ask(tmp_path, body)

    assert status == 400
    assert answer["error"].startswith(field)


async def test_a_token_needs_the_secret_too(tmp_path: Path) -> None:
    """The endpoint has the same checks as the page's own."""
    status, _ = await ask(tmp_path, REQUEST, web_secret="a-secret")

    assert status == 401


async def test_liveavatars_rooms_have_no_such_endpoint(tmp_path: Path) -> None:
    """A token for such a room is a paid session."""
    async with Site(tmp_path).client() as client, client.post("/api/token", json=REQUEST) as answer:
        assert answer.status == 404
