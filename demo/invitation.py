"""How somebody joins the demo's room: a token, and LiveKit Meet's link with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from livekit import api

if TYPE_CHECKING:
    from agent.settings import Settings

MEET: Final = "https://meet.livekit.io"


@dataclass(frozen=True, slots=True)
class Invitation:
    """What lets one person into one room.

    Attributes:
        url: LiveKit's URL.
        token: A token for six hours, LiveKit's default.
    """

    url: str
    token: str = field(repr=False)

    @property
    def link(self) -> str:
        """LiveKit Meet with URL and token filled in."""
        return f"{MEET}/custom?{urlencode({'liveKitUrl': self.url, 'token': self.token})}"

    @property
    def form(self) -> str:
        """LiveKit Meet's page that takes URL and token by hand."""
        return f"{MEET}/?tab=custom"


def invite(settings: Settings, room: str, identity: str) -> Invitation:
    """Invite somebody into a room.

    Args:
        settings: With a complete set of LiveKit's own.
        room: Made when the first one joins, and then the agent comes.
        identity: Of the participant.
    """
    token = api.AccessToken(settings.livekit_api_key, settings.livekit_api_secret.get_secret_value())
    token.with_identity(identity).with_grants(api.VideoGrants(room_join=True, room=room))
    if settings.livekit_agent_name:  # a worker with a name comes only when it is asked for
        dispatch = api.RoomAgentDispatch(agent_name=settings.livekit_agent_name)
        token.with_room_config(api.RoomConfiguration(agents=[dispatch]))
    return Invitation(settings.livekit_url, token.to_jwt())
