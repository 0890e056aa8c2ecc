"""The avatar's absence from a room of a real LiveKit server, while its session continues."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from livekit import rtc

from simulators.faults import FaultPlan
from simulators.faults.avatar import Frozen, Leaves, NeverJoins, Unpublished
from simulators.liveavatar import Habits, LiveKitServer, Options, create_app
from simulators.liveavatar.model.sessions import HOSTED_IDENTITY
from tests.simulators.liveavatar.client import StandIn

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from demo.livekit_server import LiveKitServer as ServerUnderTest
    from simulators.faults import Fault

pytestmark = pytest.mark.ours(reason="no worker takes part that could use other rooms")

VENDOR: dict[str, Any] = {"vendor": "liveavatar"}


class Onlooker:
    """A participant in the avatar's room, who observes its tracks."""

    def __init__(self) -> None:
        self.room = rtc.Room()
        self.news: asyncio.Queue[str] = asyncio.Queue()
        self.room.on("participant_disconnected", lambda _who: self.news.put_nowait("left"))
        self.room.on("track_unpublished", lambda publication, _who: self.news.put_nowait(publication.name))


@asynccontextmanager
async def spoken_with(server: ServerUnderTest, fault: Fault) -> AsyncIterator[Onlooker]:
    """Yield an onlooker of a session with this fault that has spoken; it runs to the end of the test."""
    hosting = LiveKitServer(server.url, server.api_key, server.api_secret)
    app = create_app(Options(habits=Habits.fast(), livekit=hosting), faults=FaultPlan([fault]))
    onlooker = Onlooker()
    async with TestServer(app) as runner, ClientSession() as http:
        stand_in = StandIn(str(runner.make_url("")).rstrip("/"), http)
        session = await stand_in.start(livekit_config=None, video_settings={"quality": "low"})
        await onlooker.room.connect(session["livekit_url"], session["livekit_client_token"])
        wire = await stand_in.connect(session)
        await wire.speak(0.5)
        await wire.send("agent.speak_end")
        await wire.wait_for("agent.speak_ended")
        yield onlooker
        assert await stand_in.open_sessions() == 1
        await onlooker.room.disconnect()


async def test_avatar_is_never_there(livekit_server: ServerUnderTest) -> None:
    """The session has spoken, but no avatar is in the room."""
    async with spoken_with(livekit_server, NeverJoins(**VENDOR)) as onlooker:
        assert not onlooker.room.remote_participants


async def test_avatar_leaves(livekit_server: ServerUnderTest) -> None:
    """The avatar's participant is gone."""
    async with spoken_with(livekit_server, Leaves(**VENDOR, at="speaking")) as onlooker:
        while await onlooker.news.get() != "left":
            pass
        assert not onlooker.room.remote_participants


@pytest.mark.parametrize("after", [0.0, 0.2])
async def test_tracks_are_unpublished(livekit_server: ServerUnderTest, after: float) -> None:
    """The avatar's participant is there without tracks."""
    async with spoken_with(livekit_server, Unpublished(**VENDOR, at="speaking", after=after)) as onlooker:
        assert sorted([await onlooker.news.get(), await onlooker.news.get()]) == ["avatar", "avatar-audio"]
        assert HOSTED_IDENTITY in onlooker.room.remote_participants


async def test_tracks_are_frozen(livekit_server: ServerUnderTest) -> None:
    """The avatar's tracks are there, without sound."""
    async with spoken_with(livekit_server, Frozen(**VENDOR)) as onlooker:
        assert len(onlooker.room.remote_participants[HOSTED_IDENTITY].track_publications) == 2
