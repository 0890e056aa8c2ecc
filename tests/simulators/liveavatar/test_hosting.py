"""Rooms that the service opens itself."""

from __future__ import annotations

from uuid import UUID

import pytest
from livekit.api import TokenVerifier

from simulators.liveavatar import Habits, LiveKitServer
from simulators.liveavatar.hosting import HostedRoom

SERVER = LiveKitServer("ws://127.0.0.1:9", "devkey", "this-is-a-local-development-secret")


@pytest.mark.parametrize("may_update", [True, False])
def test_room_and_tokens_are_as_observed(may_update: bool) -> None:
    """A UUID of version 1, the avatar's identity, and the grants of each token match (facts 81 to 84)."""
    room = HostedRoom.open(SERVER, Habits(hosted_agent_updates_metadata=may_update))
    verifier = TokenVerifier(SERVER.api_key, SERVER.api_secret)
    claims = [verifier.verify(token) for token in (room.avatar_token, room.client_token, room.agent_token)]
    grants = [claim.video for claim in claims if claim.video is not None]

    assert UUID(room.name).version == 1
    assert [(claim.identity, claim.name) for claim in claims] == [(who, who) for who in ("heygen", "client", "agent")]
    assert {grant.room for grant in grants} == {room.name}
    assert all(grant.can_publish and grant.can_subscribe and grant.can_publish_data for grant in grants)
    assert [bool(grant.can_update_own_metadata) for grant in grants] == [False, False, may_update]
