"""A fake of LiveKit's server API for rooms and dispatches: tests set its contents, and it records requests."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Self

from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

AGENT = api.ParticipantInfo.Kind.AGENT


def people(*identities: str) -> list[api.ParticipantInfo]:
    """Make callers with these identities."""
    return [api.ParticipantInfo(identity=identity) for identity in identities]


def agent(identity: str) -> api.ParticipantInfo:
    """Make an agent."""
    return api.ParticipantInfo(identity=identity, kind=AGENT)


def avatar(of: str) -> api.ParticipantInfo:
    """Make the avatar of an agent."""
    return api.ParticipantInfo(identity="avatar", kind=AGENT, attributes={ATTRIBUTE_PUBLISH_ON_BEHALF: of})


class FakeLiveKit:
    """A server with one room, or none.

    Args:
        room: The room's name.
        there: The participants in it.

    Attributes:
        url: Its URL while it runs.
        dispatches: The room's dispatches.
        created: Requests to create a room.
        dispatched: Requests to dispatch an agent.
        removed: Identities of removed participants.
        sent: Topic and data of each packet that was sent into the room.
    """

    def __init__(self, room: str = "", there: list[api.ParticipantInfo] | None = None) -> None:
        self.room = room
        self.there = there or []
        self.url = ""
        self.dispatches: list[api.AgentDispatch] = []
        self.created: list[api.CreateRoomRequest] = []
        self.dispatched: list[api.CreateAgentDispatchRequest] = []
        self.removed: list[str] = []
        self.sent: list[tuple[str, bytes]] = []

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Serve while the body runs."""
        app = web.Application()
        for path, answer in self.routes().items():
            app.router.add_post(f"/twirp/livekit.{path}", answer)
        async with TestServer(app) as server:
            self.url = str(server.make_url("")).replace("http", "ws").rstrip("/")
            yield self

    def routes(self) -> dict[str, Any]:
        """Return the handlers, by the path of the request."""
        return {
            "RoomService/ListRooms": self._list_rooms,
            "RoomService/CreateRoom": self._create_room,
            "RoomService/ListParticipants": self._list_participants,
            "RoomService/RemoveParticipant": self._remove,
            "RoomService/SendData": self._send,
            "AgentDispatchService/ListDispatch": self._list_dispatches,
            "AgentDispatchService/CreateDispatch": self._dispatch,
        }

    def on_dispatch(self) -> None:
        """Handle a dispatch; by default no worker takes it."""

    async def _list_rooms(self, request: web.Request) -> web.Response:
        wanted = api.ListRoomsRequest.FromString(await request.read()).names
        return _answer(api.ListRoomsResponse(rooms=[api.Room(name=self.room)] if self.room in wanted else []))

    async def _create_room(self, request: web.Request) -> web.Response:
        self.created.append(api.CreateRoomRequest.FromString(await request.read()))
        return _answer(api.Room(name=self.created[-1].name))

    async def _list_participants(self, request: web.Request) -> web.Response:
        wanted = api.ListParticipantsRequest.FromString(await request.read()).room
        return _answer(api.ListParticipantsResponse(participants=self.there if wanted == self.room else []))

    async def _remove(self, request: web.Request) -> web.Response:
        self.removed.append(api.RoomParticipantIdentity.FromString(await request.read()).identity)
        self.there = [each for each in self.there if each.identity not in self.removed]
        return _answer(api.RemoveParticipantResponse())

    async def _send(self, request: web.Request) -> web.Response:
        packet = api.SendDataRequest.FromString(await request.read())
        self.sent.append((packet.topic, packet.data))
        return _answer(api.SendDataResponse())

    async def _list_dispatches(self, _: web.Request) -> web.Response:
        return _answer(api.ListAgentDispatchResponse(agent_dispatches=self.dispatches))

    async def _dispatch(self, request: web.Request) -> web.Response:
        wanted = api.CreateAgentDispatchRequest.FromString(await request.read())
        self.dispatched.append(wanted)
        self.on_dispatch()
        return _answer(api.AgentDispatch(id="AD_1", room=wanted.room, agent_name=wanted.agent_name))


def _answer(message: Any) -> web.Response:
    return web.Response(body=message.SerializeToString(), content_type="application/protobuf")
