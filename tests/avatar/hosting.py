"""A LITE service that opens a room for each session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit import api

from tests.avatar.fakes import LiteService, reply

if TYPE_CHECKING:
    from aiohttp import web

ROOM = "liveavatar-s-1"


def token(identity: str, room: str = ROOM) -> str:
    """Return a token of the service's LiveKit server."""
    minted = api.AccessToken("their-key", "a-secret-of-theirs-with-more-than-32-characters")
    return minted.with_identity(identity).with_grants(api.VideoGrants(room_join=True, room=room)).to_jwt()


class Hosting(LiteService):
    """A service that gives a room with each session; `given` overrides its default fields."""

    def __init__(self, **given: object) -> None:
        super().__init__()
        self.given = given

    def on_start(self, request: web.Request) -> web.Response:
        self.running.add("s-1")
        data = {
            "session_id": "s-1",
            "livekit_url": "wss://theirs.example",
            "livekit_client_token": token("client"),
            "livekit_agent_token": token("agent"),
            "max_session_duration": 600,
            "ws_url": f"{self.url}/ws",
            **self.given,
        }
        return reply({"code": 1000, "data": data, "message": "ok"}, status=201)
