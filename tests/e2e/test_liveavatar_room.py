"""LiveAvatar's stand-in in rooms of a real LiveKit server."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from livekit import api, rtc

from simulators.liveavatar import Habits, LiveKitServer, Options, create_app
from simulators.liveavatar.model.sessions import HOSTED_IDENTITY
from tests.e2e.ear import Ear
from tests.simulators.liveavatar.client import StandIn, Wire, bearer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from demo.livekit_server import LiveKitServer as ServerUnderTest

pytestmark = pytest.mark.ours(reason="no worker takes part that could use other rooms")


@asynccontextmanager
async def serving(options: Options) -> AsyncIterator[StandIn]:
    """Run the stand-in on loopback, with real rooms."""
    async with TestServer(create_app(options)) as server, ClientSession() as http:
        yield StandIn(str(server.make_url("")).rstrip("/"), http)


async def test_avatar_is_heard_in_the_hosted_room_until_the_stop(livekit_server: ServerUnderTest) -> None:
    """A session without a room gets one: a participant with the client token hears the avatar until the stop."""
    server = LiveKitServer(livekit_server.url, livekit_server.api_key, livekit_server.api_secret)
    async with serving(Options(habits=Habits.fast(), livekit=server)) as stand_in:
        session = await stand_in.start(livekit_config=None, video_settings={"quality": "low"})
        async with Ear(session["livekit_url"], session["livekit_client_token"], HOSTED_IDENTITY) as ear:
            wire = await stand_in.connect(session)
            await wire.speak(3.0)
            await ear.wait_for_sound(0.5)
            await stand_in.post("/v1/sessions/stop", headers=bearer(session["session_token"]))
            await ear.left.wait()

    assert session["livekit_url"] == livekit_server.url


async def test_session_ends_when_livekit_refuses_the_token(livekit_server: ServerUnderTest) -> None:
    """The session's WebSocket is closed, and the history has the reason."""
    async with serving(Options(habits=Habits.fast())) as stand_in:
        config = {"livekit_url": livekit_server.url, "livekit_room": "room", "livekit_client_token": "no token"}
        session = await stand_in.start(livekit_config=config)
        wire = Wire(await stand_in.http.ws_connect(session["ws_url"]))
        code = await wire.wait_for_close()
        inspected = await stand_in.inspect()

    assert code == 1000
    assert (inspected["state"], inspected["end_reason"]) == ("ended", "DISPATCH_FAILED")


async def test_avatar_publishes_the_observed_tracks(livekit_server: ServerUnderTest) -> None:
    """Names, sources and codecs match, under the identity of the room token (facts 24, 25)."""
    grants = api.VideoGrants(room_join=True, room="tracks")
    token = api.AccessToken(livekit_server.api_key, livekit_server.api_secret).with_grants(grants)
    config = {
        "livekit_url": livekit_server.url,
        "livekit_room": "tracks",
        "livekit_client_token": token.with_identity("the-avatar").to_jwt(),
    }
    room, published = rtc.Room(), asyncio.Queue[rtc.RemoteTrackPublication]()
    room.on("track_published", lambda publication, _who: published.put_nowait(publication))
    await room.connect(
        livekit_server.url, token.with_identity("caller").to_jwt(), rtc.RoomOptions(auto_subscribe=False)
    )
    async with serving(Options()) as stand_in:
        await stand_in.start(livekit_config=config, video_settings={"quality": "low"})
        tracks = {track.name: track for track in (await published.get(), await published.get())}
        names = set(room.remote_participants)
    await room.disconnect()

    assert names == {"the-avatar"}
    assert {name: (track.source, track.mime_type.lower()) for name, track in tracks.items()} == {
        "avatar": (rtc.TrackSource.SOURCE_CAMERA, "video/h264"),
        "avatar-audio": (rtc.TrackSource.SOURCE_MICROPHONE, "audio/opus"),
    }
