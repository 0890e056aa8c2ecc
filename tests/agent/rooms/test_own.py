"""Tokens for our own rooms."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from livekit import api

from agent.call_config import CallConfig
from agent.rooms.connection_details import RETURNING, CallOverError, ConnectionDetails, NoRoomError
from agent.rooms.own import OwnRooms, caller_token, is_web_room
from tests.agent.rooms.fake_livekit import FakeLiveKit, people
from tests.agent.web.web_fakes import LIVEKIT, settings

ROOM = "call-0123456789abcdef"


def claims(token: str) -> Any:
    """Decode a token as LiveKit does."""
    return api.TokenVerifier(LIVEKIT["livekit_api_key"], LIVEKIT["livekit_api_secret"]).verify(token)


async def test_a_token_lets_one_caller_into_one_room() -> None:
    """The caller may publish, subscribe and send data under their name, and no more."""
    ticket = await OwnRooms(settings()).create("Ada")
    granted = claims(ticket.token)

    assert granted.video == api.VideoGrants(
        room_join=True, room=ticket.room, can_publish=True, can_subscribe=True, can_publish_data=True
    )
    assert (granted.identity, granted.name) == (ticket.identity, "Ada")
    assert (granted.sip, granted.room_config, ticket.url) == (api.SIPGrants(), None, LIVEKIT["livekit_url"])


async def test_a_token_is_valid_for_ten_minutes() -> None:
    """A token that is found later can't be used."""
    ticket = await OwnRooms(settings()).create("")
    times = jwt.decode(ticket.token, LIVEKIT["livekit_api_secret"], algorithms=["HS256"])

    assert times["exp"] - times["nbf"] == ticket.expires_in == 600


async def test_every_caller_gets_a_room_and_an_identity_of_their_own() -> None:
    """Callers don't meet, even under the same name."""
    rooms = OwnRooms(settings())
    tickets = [await rooms.create("Ada") for _ in range(20)]

    assert len({ticket.room for ticket in tickets}) == len({ticket.identity for ticket in tickets}) == 20


async def test_a_named_agent_is_dispatched_by_the_token() -> None:
    """A worker with a name gets no automatic dispatch."""
    ticket = await OwnRooms(settings(livekit_agent_name="nova")).create("")
    config = claims(ticket.token).room_config

    assert config is not None
    assert [agent.agent_name for agent in config.agents] == ["nova"]


async def test_callers_get_the_public_address_of_the_server() -> None:
    """The worker may use an internal one."""
    ticket = await OwnRooms(settings(livekit_public_url="wss://livekit.example.com")).create("")

    assert ticket.url == "wss://livekit.example.com"


async def test_connection_details_do_not_show_their_token() -> None:
    """Their representation may be logged."""
    ticket = await OwnRooms(settings()).create("")

    assert ticket.token not in repr(ticket)


def test_a_token_without_a_duration_has_livekits_own() -> None:
    """It is valid for six hours."""
    times = jwt.decode(caller_token(settings(), "room", "me"), LIVEKIT["livekit_api_secret"], algorithms=["HS256"])

    assert times["exp"] - times["nbf"] == 6 * 3600


async def test_a_caller_comes_back_with_a_token_that_has_expired() -> None:
    """The caller keeps identity and room; the new token is short-lived, and the agent is told to wait."""
    async with FakeLiveKit(ROOM).running() as livekit:
        rooms = OwnRooms(settings(livekit_url=livekit.url))
        expired = caller_token(settings(), ROOM, "caller-1", name="Ada", expires_in=-60.0)
        again = await rooms.refresh(expired)

    assert (again.room, again.identity, claims(again.token).name) == (ROOM, "caller-1", "Ada")
    assert again.expires_in == 60.0
    assert livekit.sent == [(RETURNING, b"caller-1")]


async def test_a_caller_comes_back_with_the_same_rights() -> None:
    """The server that made the token may have allowed fewer."""
    token = api.AccessToken(LIVEKIT["livekit_api_key"], LIVEKIT["livekit_api_secret"]).with_identity("caller-1")
    grants = api.VideoGrants(room_join=True, room=ROOM, can_publish=False, can_publish_data=False)
    first = token.with_grants(grants).with_metadata("a-tenant").with_attributes({"captions": "false"}).to_jwt()
    async with FakeLiveKit(ROOM).running() as livekit:
        again = await OwnRooms(settings(livekit_url=livekit.url)).refresh(first)

    assert claims(again.token).video == grants
    assert (claims(again.token).metadata, claims(again.token).attributes) == ("a-tenant", {"captions": "false"})


async def test_a_token_with_more_rights_is_not_exchanged() -> None:
    """An administrator's token would otherwise be valid as long as the call."""
    token = api.AccessToken(LIVEKIT["livekit_api_key"], LIVEKIT["livekit_api_secret"]).with_identity("caller-1")
    grants = api.VideoGrants(room_join=True, room=ROOM, room_admin=True)
    async with FakeLiveKit(ROOM).running() as livekit:
        with pytest.raises(CallOverError, match="can't be joined again"):
            await OwnRooms(settings(livekit_url=livekit.url)).refresh(token.with_grants(grants).to_jwt())


async def test_a_call_that_is_over_can_not_be_rejoined() -> None:
    """Joining would create the room again, with a new agent and a new bill."""
    async with FakeLiveKit("call-fedcba9876543210").running() as livekit:
        rooms = OwnRooms(settings(livekit_url=livekit.url))
        with pytest.raises(CallOverError, match="has ended"):
            await rooms.refresh(caller_token(settings(), ROOM, "caller-1"))


async def test_a_call_of_unknown_state_can_not_be_rejoined() -> None:
    """LiveKit does not answer, so the caller may try again."""
    with pytest.raises(NoRoomError, match="can't be reached at the moment") as raised:
        await OwnRooms(settings()).refresh(caller_token(settings(), ROOM, "caller-1"))
    assert not isinstance(raised.value, CallOverError)


async def test_a_caller_comes_back_to_an_agent() -> None:
    """A room without an agent gets one before the caller joins."""
    async with FakeLiveKit(ROOM).running() as livekit:
        rooms = OwnRooms(settings(livekit_url=livekit.url, livekit_agent_name="nova"))
        await rooms.refresh(caller_token(settings(), ROOM, "caller-1"))

    assert [(each.room, each.agent_name) for each in livekit.dispatched] == [(ROOM, "nova")]


async def test_a_caller_is_awaited_until_they_join_or_the_room_is_gone() -> None:
    """They are still awaited while LiveKit does not answer."""
    async with FakeLiveKit(ROOM, people("caller-1")).running() as livekit:
        rooms = OwnRooms(settings(livekit_url=livekit.url))
        asked = [(ROOM, "caller-1"), (ROOM, "caller-2"), ("call-fedcba9876543210", "caller-1")]
        details = [ConnectionDetails("", "", room, identity, 600.0) for room, identity in asked]
        awaited = [await rooms.is_awaited(each) for each in details]
    awaited.append(await OwnRooms(settings()).is_awaited(details[0]))

    assert awaited == [False, True, False, True]


async def test_an_agent_comes_before_the_caller_only_if_it_may() -> None:
    """With AVATAR_STARTS=join or a page without a secret it comes when the caller has joined."""
    made = []
    for values in ({}, {"avatar_starts": "join"}, {"web_secret": "none"}):
        async with FakeLiveKit().running() as livekit:
            rooms = OwnRooms(settings(livekit_url=livekit.url, **values))
            await rooms.create("")
        made.append((len(livekit.created), rooms.waits))

    assert made == [(1, 45.0), (0, 0.0), (0, 0.0)]


@pytest.mark.parametrize("age", [7 * 3600.0, None])
async def test_a_token_that_is_too_old_or_of_another_project_is_refused(age: float | None) -> None:
    """The caller gets a sentence."""
    others = settings(livekit_api_secret="another-secret-of-32-characters!")
    token = caller_token(others if age is None else settings(), ROOM, "caller-1", expires_in=-(age or -60.0))
    with pytest.raises(NoRoomError, match="can't be joined again"):
        await OwnRooms(settings()).refresh(token)


@pytest.mark.parametrize(
    ("room", "identity"), [("board-meeting", "caller-1"), (ROOM, "somebody"), ("call-_+15550100_aBcD", "caller-1")]
)
async def test_another_token_of_the_project_is_not_exchanged(room: str, identity: str) -> None:
    """Another application may have made it for another room, or with fewer rights."""
    with pytest.raises(NoRoomError, match="can't be joined again"):
        await OwnRooms(settings()).refresh(caller_token(settings(), room, identity))


async def test_a_room_that_the_page_named_has_a_caller_with_a_screen() -> None:
    """A room that LiveKit's telephony has named does not, whatever its prefix."""
    ticket = await OwnRooms(settings()).create("")

    assert is_web_room(ticket.room)
    assert not [name for name in ("call-_+15550100_aBcD", "call-", "meeting", f"{ROOM}0") if is_web_room(name)]


async def test_the_pages_token_says_that_it_shows_captions() -> None:
    """The chat then repeats no captions; other tokens don't say so."""
    ticket = await OwnRooms(settings()).create("")

    assert claims(ticket.token).attributes == {"captions": "true"}
    assert not claims(caller_token(settings(), "room", "me")).attributes


CONFIG = CallConfig(persona="poet", variables={"customer": "Kim"})
METADATA = '{"call": {"persona": "poet", "variables": {"customer": "Kim"}}}'


@pytest.mark.parametrize(("name", "agents", "room"), [("nova", [("nova", METADATA)], ""), ("", [], METADATA)])
async def test_callers_can_not_change_the_calls_configuration(
    name: str, agents: list[tuple[str, str]], room: str
) -> None:
    """It is in the server's request for the room and in the signed token."""
    async with FakeLiveKit().running() as livekit:
        rooms = OwnRooms(settings(livekit_url=livekit.url, livekit_agent_name=name))
        ticket = await rooms.create("Ada", CONFIG)

    in_token = claims(ticket.token).room_config
    for carrier in (in_token, livekit.created[0]):
        assert [(each.agent_name, each.metadata) for each in carrier.agents] == agents
        assert carrier.metadata == room
    assert claims(ticket.token).metadata == ""


async def test_a_caller_comes_back_with_the_calls_configuration() -> None:
    """The new token has the same one."""
    async with FakeLiveKit(ROOM).running() as livekit:
        wanted = settings(livekit_url=livekit.url, livekit_agent_name="nova")
        again = await OwnRooms(wanted).refresh(caller_token(wanted, ROOM, "caller-1", config=CONFIG))

    [agent] = claims(again.token).room_config.agents
    assert agent.metadata == METADATA
