"""The token with which the avatar joins the room: its grants, its identity, and its lifetime."""

from typing import Any

import jwt
import pytest
from livekit import api
from livekit.agents import AgentSession

from avatar import AvatarSession
from avatar.room_token import mint_room_token
from tests.avatar.fakes import KEY, FakeRoom, LiteService

LIVEKIT_KEY = "devkey"
LIVEKIT_SECRET = "a-secret-of-more-than-thirty-two-characters"


@pytest.fixture
def token() -> str:
    """Return a token as it is sent to the service."""
    return mint_room_token(
        room="a-room",
        identity="a-face",
        name="Nova",
        agent_identity="the-agent",
        api_key=LIVEKIT_KEY,
        api_secret=LIVEKIT_SECRET,
    )


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims as they stand in the token, without defaults."""
    claims: dict[str, Any] = jwt.decode(token, LIVEKIT_SECRET, algorithms=["HS256"])
    return claims


@pytest.mark.parametrize("grant", ["roomJoin", "canPublish", "canSubscribe", "canPublishData"])
def test_every_grant_that_the_service_checks_is_written_out(token: str, grant: str) -> None:
    """The service refuses a token that leaves a grant to LiveKit's default."""
    assert claims_of(token)["video"][grant] is True


def test_the_token_opens_its_room_and_nothing_else(token: str) -> None:
    """The token grants no administration, no other room, no telephony and no models."""
    claims = api.TokenVerifier(LIVEKIT_KEY, LIVEKIT_SECRET).verify(token)

    assert claims.video == api.VideoGrants(
        room_join=True, room="a-room", can_publish=True, can_subscribe=True, can_publish_data=True
    )
    assert claims.sip == api.SIPGrants()
    assert claims.inference == api.access_token.InferenceGrants()
    assert claims.observability == api.access_token.ObservabilityGrants()
    assert claims.room_config is None


def test_the_avatar_belongs_to_the_agent(token: str) -> None:
    """The avatar's participant is of kind agent, and publishes on behalf of the agent."""
    claims = claims_of(token)

    assert (claims["kind"], claims["sub"], claims["name"]) == ("agent", "a-face", "Nova")
    assert claims["attributes"] == {"lk.publish_on_behalf": "the-agent"}


def test_the_token_expires_soon(token: str) -> None:
    """The token is only for joining: LiveKit's server renews it for a participant who has joined."""
    claims = claims_of(token)

    assert claims["exp"] - claims["nbf"] <= 600


async def test_the_service_is_given_this_token() -> None:
    """A call's token request carries a token for the call's room, on behalf of the call's agent."""
    service = LiteService()
    async with service.running_server() as url:
        avatar = AvatarSession(api_key=KEY, api_url=url, avatar_id="an-avatar")
        session: AgentSession[Any] = AgentSession(vad=None)
        await avatar.start(
            session,
            FakeRoom(),  # type: ignore[arg-type] # a small stand-in
            livekit_url="ws://127.0.0.1:1",
            livekit_api_key=LIVEKIT_KEY,
            livekit_api_secret=LIVEKIT_SECRET,
        )
        await avatar.aclose()
        await session.aclose()
    [body] = service.called("token")
    claims = claims_of(body["livekit_config"]["livekit_client_token"])

    assert (claims["video"]["room"], claims["video"]["canPublishData"]) == ("a-room", True)
    assert (claims["sub"], claims["attributes"]) == ("liveavatar-avatar-agent", {"lk.publish_on_behalf": "the-agent"})
