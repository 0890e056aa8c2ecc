"""What a caller hears when the avatar fails in mid-speech, on a real LiveKit server: every second, once, from somebody."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestServer
from livekit import api, rtc
from livekit.agents import Agent, AgentSession, APIConnectOptions, utils

from avatar import AvatarSession, AvatarStatus
from simulators.faults import FaultPlan, parse_faults
from simulators.liveavatar import Options, create_app
from simulators.liveavatar.avatars import DRAWN_FACE_ID
from tests.faults.hall import Hall, speech

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from livekit.agents.voice.io import AudioOutput

    from demo.livekit_server import LiveKitServer

SECONDS = 6
ROOM = "faults"
AGENT, AVATAR = "agent", "liveavatar-avatar-agent"


@dataclass
class Call:
    """A call in which an avatar speaks, or nobody."""

    avatar: AvatarSession
    voice: AudioOutput
    hall: Hall
    faults: FaultPlan
    http: Any
    stand_in: str
    statuses: list[AvatarStatus] = field(default_factory=list)

    async def say(self) -> None:
        """Capture the whole speech, faster than it is spoken."""
        for frame in speech(SECONDS):
            await self.voice.capture_frame(frame)
        self.voice.flush()

    async def books(self) -> dict[str, Any]:
        """What the stand-in knows."""
        async with self.http.get(f"{self.stand_in}/stand-in/sessions") as reply:
            known: dict[str, Any] = await reply.json()
            return known


def token(server: LiveKitServer, identity: str) -> str:
    """Lets somebody into the room."""
    grants = api.VideoGrants(room_join=True, room=ROOM)
    return api.AccessToken(server.api_key, server.api_secret).with_identity(identity).with_grants(grants).to_jwt()


@asynccontextmanager
async def call(server: LiveKitServer, faults: list[dict[str, Any]], **options: Any) -> AsyncIterator[Call]:
    """A call with these faults armed; afterwards nothing is left that is paid for."""
    plan = FaultPlan(parse_faults([{"vendor": "liveavatar", **fault} for fault in faults]))
    stand_in_options = options.pop("stand_in", Options(connect_delay=0.1))
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(TestServer(create_app(stand_in_options, faults=plan)))
        url = str(service.make_url("")).rstrip("/")
        http = await stack.enter_async_context(utils.http_context.open())
        hall = await stack.enter_async_context(Hall(server.url, token(server, "caller")))
        room = rtc.Room()
        await room.connect(server.url, token(server, AGENT))
        stack.push_async_callback(room.disconnect)
        session = AgentSession[None]()
        avatar = AvatarSession(
            avatar_id=DRAWN_FACE_ID,
            api_url=url,
            api_key="stand-in",
            video_quality="low",
            conn_options=APIConnectOptions(max_retry=1, timeout=3.0),
            **options,
        )
        keys = {"livekit_api_key": server.api_key, "livekit_api_secret": server.api_secret}
        await avatar.start(session, room, livekit_url=server.url, **keys)
        await session.start(Agent(instructions=""))
        stack.push_async_callback(session.aclose)
        assert session.output.audio is not None
        conversation = Call(avatar, session.output.audio, hall, plan, http, url)
        avatar.on("status_changed", conversation.statuses.append)
        yield conversation
        await avatar.aclose()
        assert (await conversation.books())["open_sessions"] == 0


async def assert_heard_to_its_end(conversation: Call) -> None:
    """The speech is reported as played, and every second of it was heard."""
    async with asyncio.timeout(40):
        finished = await conversation.voice.wait_for_playout()
        await conversation.hall.wait_for_second(SECONDS - 1)
    await asyncio.sleep(0.5)  # what is on its way
    heard = [conversation.hall.seconds_of(second) for second in range(SECONDS)]

    print("HEARD", heard, conversation.hall.speakers, round(conversation.hall.longest_silence, 2))  # noqa: T201
    assert (finished.playback_position, finished.interrupted) == (SECONDS, False)
    assert min(heard) > 0.5, heard


IN_MID_SPEECH = {"at": "speaking", "after": 2.0}
NOBODY_ANSWERS = {"kind": "status", "at": "websocket", "status": 503, "nth": 2, "times": None}

LOSSES: dict[str, list[dict[str, Any]]] = {
    "the connection is cut": [{"kind": "drop", **IN_MID_SPEECH}],
    "the service closes the connection": [{"kind": "close", "code": 1011, **IN_MID_SPEECH}],
    "the connection is cut and not to be had again": [{"kind": "drop", **IN_MID_SPEECH}, NOBODY_ANSWERS],
    "the service ends the session": [{"kind": "end", "reason": "SERVER_ERROR", **IN_MID_SPEECH}],
    "the avatar leaves the room": [{"kind": "leaves", **IN_MID_SPEECH}],
    "the service takes everything and plays nothing": [{"kind": "mute", "at": "connected"}],
}


@pytest.mark.parametrize("faults", LOSSES.values(), ids=LOSSES.keys())
@pytest.mark.asyncio(loop_scope="session")
async def test_a_speech_is_heard_to_its_end(livekit_server: LiveKitServer, faults: list[dict[str, Any]]) -> None:
    """Whatever is lost in mid-speech: the rest is said by somebody, nothing is left out, no session is left."""
    async with call(livekit_server, faults) as conversation:
        await conversation.avatar.wait_for_join()
        await conversation.say()
        await assert_heard_to_its_end(conversation)
        print("TOGETHER", conversation.hall.together(AGENT, AVATAR), conversation.statuses)
