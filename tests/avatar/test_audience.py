"""Who hears the avatar, asked of a room server on loopback that speaks LiveKit's wire."""

from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api, rtc

from avatar.audience import OwnAudience

SECRET = "a-secret-of-more-than-thirty-two-characters"


class Server:
    """Notes who hears what; fails for the participants that it is told."""

    def __init__(self) -> None:
        self.url = ""
        self.hears: dict[str, bool] = {}
        self.fails: set[str] = set()
        self.on_failure: Callable[[], object] = lambda: None

    async def update(self, request: web.Request) -> web.Response:
        asked = api.UpdateSubscriptionsRequest.FromString(await request.read())
        if asked.identity in self.fails:
            self.on_failure()
            return web.json_response({"code": "not_found", "msg": "participant does not exist"}, status=404)
        assert list(asked.track_sids) == ["TR_sound"]
        self.hears[asked.identity] = asked.subscribe
        answer = api.UpdateSubscriptionsResponse().SerializeToString()
        return web.Response(body=answer, content_type="application/protobuf")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    """A room server that runs."""
    server = Server()
    app = web.Application()
    app.router.add_post("/twirp/livekit.RoomService/UpdateSubscriptions", server.update)
    async with TestServer(app) as running:
        server.url = str(running.make_url(""))
        yield server


def room_of(*others: str) -> Any:
    """A room with the avatar, who is seen and heard, and these."""
    tracks = {
        "TR_sound": SimpleNamespace(kind=rtc.TrackKind.KIND_AUDIO),
        "TR_face": SimpleNamespace(kind=rtc.TrackKind.KIND_VIDEO),
    }
    participants = {"avatar": SimpleNamespace(track_publications=tracks)}
    participants |= {other: SimpleNamespace(track_publications={}) for other in others}
    return SimpleNamespace(name="a-room", remote_participants=participants)


async def test_the_sound_is_taken_from_everybody_and_given_back(server: Server) -> None:
    """Its sound alone: the face stays."""
    audience = OwnAudience(room_of("ada", "bob"), server.url, "key", SECRET)

    assert await audience.let_hear("avatar", audible=False)
    assert server.hears == {"ada": False, "bob": False}
    assert await audience.let_hear("avatar", audible=True)
    assert server.hears == {"ada": True, "bob": True}


async def test_one_who_can_not_be_reached_takes_nothing_from_the_others(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """All others hear the avatar again, and it is told that somebody does not."""
    server.fails = {"ada"}
    audience = OwnAudience(room_of("ada", "bob"), server.url, "key", SECRET)

    assert not await audience.let_hear("avatar", audible=True)
    assert server.hears == {"bob": True}
    assert "given back" in caplog.text


async def test_one_who_has_left_needs_nothing(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    """That is no fault: there is nothing to try again."""
    room = room_of("ada", "bob")
    server.fails = {"ada"}
    server.on_failure = lambda: room.remote_participants.pop("ada")
    audience = OwnAudience(room, server.url, "key", SECRET)

    assert await audience.let_hear("avatar", audible=False)
    assert server.hears == {"bob": False}
    assert not caplog.records


async def test_a_server_that_is_away_is_no_error(server: Server) -> None:
    """It never raises: whoever asked tries again."""
    audience = OwnAudience(room_of("ada"), "ws://127.0.0.1:1", "key", SECRET)

    assert not await audience.let_hear("avatar", audible=True)
