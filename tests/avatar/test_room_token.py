"""The token with which the avatar joins the room: what it lets its holder do, and for how long."""

import base64
import json
from typing import Any

import pytest_asyncio
from livekit import api
from livekit.agents import AgentSession
from livekit.api.access_token import Claims

from avatar import AvatarSession
from tests.avatar.fakes import KEY, FakeRoom, LiteService

LIVEKIT = {
    "livekit_url": "ws://127.0.0.1:1",
    "livekit_api_key": "devkey",
    "livekit_api_secret": "a-secret-of-more-than-thirty-two-characters",
}


@pytest_asyncio.fixture
async def token() -> str:
    """As the service is given it."""
    service = LiteService()
    async with service.running_server() as url:
        avatar = AvatarSession(api_key=KEY, api_url=url, avatar_id="an-avatar")
        session: AgentSession[Any] = AgentSession(vad=None)
        await avatar.start(session, FakeRoom(), **LIVEKIT)  # type: ignore[arg-type] # a small stand-in
        await avatar.aclose()
        await session.aclose()
    [body] = service.called("token")
    return str(body["livekit_config"]["livekit_client_token"])


def _verified(token: str) -> Claims:
    return api.TokenVerifier(LIVEKIT["livekit_api_key"], LIVEKIT["livekit_api_secret"]).verify(token)


def test_the_avatar_may_publish_in_its_room_and_nothing_else(token: str) -> None:
    """It administrates, makes, lists and records no room, and can't change who it is."""
    grants = _verified(token).video

    assert grants == api.VideoGrants(room_join=True, room="a-room", can_publish=True, can_publish_data=False)


def test_the_avatar_has_no_rights_outside_of_rooms(token: str) -> None:
    """Neither telephony nor models are on the account of whoever gets hold of the token."""
    claims = _verified(token)

    assert claims.sip == api.SIPGrants()
    assert claims.inference == api.access_token.InferenceGrants()
    assert claims.observability == api.access_token.ObservabilityGrants()
    assert claims.room_config is None


def test_the_avatar_is_seen_as_the_agents_face(token: str) -> None:
    """It is the agent's, and no caller."""
    claims = _verified(token)

    assert (claims.kind, claims.identity) == ("agent", "liveavatar-avatar-agent")
    assert claims.attributes == {"lk.publish_on_behalf": "the-agent"}


def test_the_token_is_soon_of_no_use(token: str) -> None:
    """It is for joining: who is in the room gets a new one from LiveKit's server every 5 minutes, good for 10."""
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))

    assert claims["exp"] - claims["nbf"] <= 600
