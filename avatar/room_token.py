"""The LiveKit token with which the avatar joins a room of ours."""

from datetime import timedelta

from livekit import api
from livekit.agents.voice.room_io import ATTRIBUTE_PUBLISH_ON_BEHALF

# For joining only: LiveKit's server renews the token of a participant who has joined.
_TTL = timedelta(minutes=10)


def mint_room_token(*, room: str, identity: str, name: str, agent_identity: str, api_key: str, api_secret: str) -> str:
    """Mint the token that LiveAvatar joins a room with.

    LiveAvatar decodes the token when the session token is created, and refuses one that does not grant publishing data
    or subscribing (field observations 21 and 22). All four grants are therefore written out, whatever LiveKit's
    defaults are.

    Args:
        room: Name of the room; the token opens no other.
        identity: Identity of the avatar's participant.
        name: Name of the avatar's participant, as shown in the room.
        agent_identity: Identity of the agent on whose behalf the avatar publishes; LiveKit's clients then show the
            avatar as that agent's face.
        api_key: Key of the room's LiveKit server.
        api_secret: Secret of that key.
    """
    grants = api.VideoGrants(room_join=True, room=room, can_publish=True, can_subscribe=True, can_publish_data=True)
    return (
        api.AccessToken(api_key, api_secret)
        .with_kind("agent")
        .with_identity(identity)
        .with_name(name)
        .with_ttl(_TTL)
        .with_grants(grants)
        .with_attributes({ATTRIBUTE_PUBLISH_ON_BEHALF: agent_identity})
        .to_jwt()
    )
