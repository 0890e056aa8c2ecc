"""Tokens for rooms of our own."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api

from agent.rooms.connection_details import CallOverError, NoRoomError
from agent.rooms.own import OwnRooms, caller_token, is_web_room
from tests.agent.web.web_fakes import LIVEKIT, settings

ROOM = "call-0123456789abcdef"

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOM = "call-0123456789abcdef"


@asynccontextmanager
async def livekit_with(*rooms: str) -> AsyncIterator[str]:
    """The URL of a LiveKit server that has these rooms."""

    async def list_rooms(request: web.Request) -> web.Response:
        wanted = api.ListRoomsRequest.FromString(await request.read()).names
        found = [api.Room(name=name) for name in rooms if name in wanted]
        response = api.ListRoomsResponse(rooms=found)
        return web.Response(body=response.SerializeToString(), content_type="application/protobuf")

    app = web.Application()
    app.router.add_post("/twirp/livekit.RoomService/ListRooms", list_rooms)
    async with TestServer(app) as server:
        yield str(server.make_url("")).replace("http", "ws").rstrip("/")


def claims(token: str) -> Any:
    """What LiveKit reads in a token."""
    return api.TokenVerifier(LIVEKIT["livekit_api_key"], LIVEKIT["livekit_api_secret"]).verify(token)


async def test_a_token_lets_one_caller_into_one_room() -> None:
    """They may speak, hear and send data there, under the name they gave; nothing else is granted."""
    ticket = await OwnRooms(settings()).create("Ada")
    granted = claims(ticket.token)

    assert granted.video == api.VideoGrants(
        room_join=True, room=ticket.room, can_publish=True, can_subscribe=True, can_publish_data=True
    )
    assert (granted.identity, granted.name) == (ticket.identity, "Ada")
    assert (granted.sip, granted.room_config, ticket.url) == (api.SIPGrants(), None, LIVEKIT["livekit_url"])


async def test_a_token_is_for_ten_minutes() -> None:
    """A token that is found later opens nothing."""
    ticket = await OwnRooms(settings()).create("")
    times = jwt.decode(ticket.token, LIVEKIT["livekit_api_secret"], algorithms=["HS256"])

    assert times["exp"] - times["nbf"] == ticket.expires_in == 600


async def test_every_caller_gets_a_room_and_an_identity_of_their_own() -> None:
    """Callers do not meet, whatever they call themselves."""
    rooms = OwnRooms(settings())
    tickets = [await rooms.create("Ada") for _ in range(20)]

    assert len({ticket.room for ticket in tickets}) == len({ticket.identity for ticket in tickets}) == 20


async def test_an_agent_with_a_name_is_asked_for() -> None:
    """A worker with a name does not come by itself."""
    ticket = await OwnRooms(settings(livekit_agent_name="nova")).create("")
    config = claims(ticket.token).room_config

    assert config is not None
    assert [agent.agent_name for agent in config.agents] == ["nova"]


async def test_callers_are_sent_to_the_server_that_they_can_reach() -> None:
    """The worker may reach it by an inner address."""
    ticket = await OwnRooms(settings(livekit_public_url="wss://livekit.example.com")).create("")

    assert ticket.url == "wss://livekit.example.com"


async def test_a_ticket_does_not_show_its_token() -> None:
    """It may be logged."""
    ticket = await OwnRooms(settings()).create("")

    assert ticket.token not in repr(ticket)


def test_a_token_without_a_time_is_for_livekits_own() -> None:
    """Six hours: what a person is handed for the day."""
    times = jwt.decode(caller_token(settings(), "room", "me"), LIVEKIT["livekit_api_secret"], algorithms=["HS256"])

    assert times["exp"] - times["nbf"] == 6 * 3600


async def test_a_caller_comes_back_with_a_token_that_has_expired() -> None:
    """They are the same caller in the same room, and the new token lasts as long as the first one did."""
    rooms = OwnRooms(settings())
    first = await rooms.create("Ada")
    expired = caller_token(settings(), first.room, first.identity, name="Ada", expires_in=-60.0)
    again = await rooms.refresh(expired)

    assert (again.room, again.identity, claims(again.token).name) == (first.room, first.identity, "Ada")
    assert again.expires_in == first.expires_in


async def test_a_caller_rejoins_a_call_that_goes_on() -> None:
    """LiveKit has the room."""
    async with livekit_with(ROOM) as url:
        again = await OwnRooms(settings(livekit_url=url)).refresh(caller_token(settings(), ROOM, "caller-1"))

    assert (again.room, again.identity) == (ROOM, "caller-1")


async def test_a_call_that_is_over_is_not_joined_again() -> None:
    """Joining its room would open it, and LiveKit would dispatch an agent: a new call, which is billed."""
    async with livekit_with("call-fedcba9876543210") as url:
        rooms = OwnRooms(settings(livekit_url=url))
        with pytest.raises(CallOverError, match="has ended"):
            await rooms.refresh(caller_token(settings(), ROOM, "caller-1"))


@pytest.mark.parametrize("age", [7 * 3600.0, None])
async def test_nobody_comes_back_with_a_token_that_is_too_old_or_of_somebody_else(age: float | None) -> None:
    """The sentence tells the caller."""
    others = settings(livekit_api_secret="another-secret-of-32-characters!")
    token = caller_token(others if age is None else settings(), ROOM, "caller-1", expires_in=-(age or -60.0))
    with pytest.raises(NoRoomError, match="can't be joined again"):
        await OwnRooms(settings()).refresh(token)


@pytest.mark.parametrize(
    ("room", "identity"), [("board-meeting", "caller-1"), (ROOM, "somebody"), ("call-_+15550100_aBcD", "caller-1")]
)
async def test_a_token_of_the_project_for_something_else_is_not_changed(room: str, identity: str) -> None:
    """The same keys may have made it, to allow less, or for another room: it would be allowed to speak there."""
    with pytest.raises(NoRoomError, match="can't be joined again"):
        await OwnRooms(settings()).refresh(caller_token(settings(), room, identity))


async def test_a_room_that_was_named_here_has_a_caller_with_a_screen() -> None:
    """A room that LiveKit's telephony has named has none, whatever its prefix."""
    ticket = await OwnRooms(settings()).create("")

    assert is_web_room(ticket.room)
    assert not [name for name in ("call-_+15550100_aBcD", "call-", "meeting", f"{ROOM}0") if is_web_room(name)]


async def test_a_caller_with_a_token_of_the_worker_has_captions() -> None:
    """The transcript in the chat would repeat them; a token for somebody's own client says nothing of it."""
    ticket = await OwnRooms(settings()).create("")

    assert claims(ticket.token).attributes == {"captions": "true"}
    assert not claims(caller_token(settings(), "room", "me")).attributes
