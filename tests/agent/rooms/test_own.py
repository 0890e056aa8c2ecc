"""Tokens for rooms of our own."""

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
    """The caller may speak, hear and send data there, under their name, and no more."""
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
    """The representation of connection details has no token, so that they may be logged."""
    ticket = await OwnRooms(settings()).create("")

    assert ticket.token not in repr(ticket)


def test_a_token_without_a_time_is_for_livekits_own() -> None:
    """Six hours: what a person is handed for the day."""
    times = jwt.decode(caller_token(settings(), "room", "me"), LIVEKIT["livekit_api_secret"], algorithms=["HS256"])

    assert times["exp"] - times["nbf"] == 6 * 3600


async def test_a_caller_comes_back_with_a_token_that_has_expired() -> None:
    """The caller keeps identity and room; the new token is for the way back, for which the agent waits."""
    async with FakeLiveKit(ROOM).running() as livekit:
        rooms = OwnRooms(settings(livekit_url=livekit.url))
        expired = caller_token(settings(), ROOM, "caller-1", name="Ada", expires_in=-60.0)
        again = await rooms.refresh(expired)

    assert (again.room, again.identity, claims(again.token).name) == (ROOM, "caller-1", "Ada")
    assert again.expires_in == 60.0
    assert livekit.sent == [(RETURNING, b"caller-1")]


async def test_a_caller_comes_back_with_the_rights_they_had() -> None:
    """Not with more: a server that has made the token may have allowed less."""
    token = api.AccessToken(LIVEKIT["livekit_api_key"], LIVEKIT["livekit_api_secret"]).with_identity("caller-1")
    grants = api.VideoGrants(room_join=True, room=ROOM, can_publish=False, can_publish_data=False)
    first = token.with_grants(grants).with_metadata("a-tenant").with_attributes({"captions": "false"}).to_jwt()
    async with FakeLiveKit(ROOM).running() as livekit:
        again = await OwnRooms(settings(livekit_url=livekit.url)).refresh(first)

    assert claims(again.token).video == grants
    assert (claims(again.token).metadata, claims(again.token).attributes) == ("a-tenant", {"captions": "false"})


async def test_a_token_with_other_rights_is_not_exchanged() -> None:
    """A token with more rights is not exchanged: an administrator's would then last as long as the call."""
    token = api.AccessToken(LIVEKIT["livekit_api_key"], LIVEKIT["livekit_api_secret"]).with_identity("caller-1")
    grants = api.VideoGrants(room_join=True, room=ROOM, room_admin=True)
    async with FakeLiveKit(ROOM).running() as livekit:
        with pytest.raises(CallOverError, match="can't be joined again"):
            await OwnRooms(settings(livekit_url=livekit.url)).refresh(token.with_grants(grants).to_jwt())


async def test_a_call_that_is_over_is_not_joined_again() -> None:
    """Joining its room would open it, and LiveKit would dispatch an agent: a new call, which is billed."""
    async with FakeLiveKit("call-fedcba9876543210").running() as livekit:
        rooms = OwnRooms(settings(livekit_url=livekit.url))
        with pytest.raises(CallOverError, match="has ended"):
            await rooms.refresh(caller_token(settings(), ROOM, "caller-1"))


async def test_a_call_of_which_nothing_is_known_is_not_joined_again() -> None:
    """LiveKit does not answer; the caller may try again."""
    with pytest.raises(NoRoomError, match="can't be reached at the moment") as raised:
        await OwnRooms(settings()).refresh(caller_token(settings(), ROOM, "caller-1"))
    assert not isinstance(raised.value, CallOverError)


async def test_a_caller_comes_back_to_an_agent() -> None:
    """A room without one gets one; it need not wait for the caller."""
    async with FakeLiveKit(ROOM).running() as livekit:
        rooms = OwnRooms(settings(livekit_url=livekit.url, livekit_agent_name="nova"))
        await rooms.refresh(caller_token(settings(), ROOM, "caller-1"))

    assert [(each.room, each.agent_name) for each in livekit.dispatched] == [(ROOM, "nova")]


async def test_a_caller_is_awaited_until_they_join_or_the_room_is_gone() -> None:
    """As long as nothing is known, they are: nothing is given away."""
    async with FakeLiveKit(ROOM, people("caller-1")).running() as livekit:
        rooms = OwnRooms(settings(livekit_url=livekit.url))
        asked = [(ROOM, "caller-1"), (ROOM, "caller-2"), ("call-fedcba9876543210", "caller-1")]
        details = [ConnectionDetails("", "", room, identity, 600.0) for room, identity in asked]
        awaited = [await rooms.is_awaited(each) for each in details]
    awaited.append(await OwnRooms(settings()).is_awaited(details[0]))

    assert awaited == [False, True, False, True]


async def test_an_agent_comes_before_the_caller_only_if_it_may() -> None:
    """With AVATAR_STARTS=join, and where everybody may ask for tokens, it comes when the caller has joined."""
    made = []
    for values in ({}, {"avatar_starts": "join"}, {"web_secret": "none"}):
        async with FakeLiveKit().running() as livekit:
            rooms = OwnRooms(settings(livekit_url=livekit.url, **values))
            await rooms.create("")
        made.append((len(livekit.created), rooms.waits))

    assert made == [(1, 45.0), (0, 0.0), (0, 0.0)]


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
    """The page's token says that it shows captions, so that the chat repeats none; other tokens don't."""
    ticket = await OwnRooms(settings()).create("")

    assert claims(ticket.token).attributes == {"captions": "true"}
    assert not claims(caller_token(settings(), "room", "me")).attributes


CONFIG = CallConfig(persona="poet", variables={"customer": "Kim"})
METADATA = '{"call": {"persona": "poet", "variables": {"customer": "Kim"}}}'


@pytest.mark.parametrize(("name", "agents", "room"), [("nova", [("nova", METADATA)], ""), ("", [], METADATA)])
async def test_a_configuration_travels_where_callers_can_not_change_it(
    name: str, agents: list[tuple[str, str]], room: str
) -> None:
    """In the server's request for the room and, if the caller comes late, in the signed token."""
    async with FakeLiveKit().running() as livekit:
        rooms = OwnRooms(settings(livekit_url=livekit.url, livekit_agent_name=name))
        ticket = await rooms.create("Ada", CONFIG)

    in_token = claims(ticket.token).room_config
    for carrier in (in_token, livekit.created[0]):
        assert [(each.agent_name, each.metadata) for each in carrier.agents] == agents
        assert carrier.metadata == room
    assert claims(ticket.token).metadata == ""


async def test_a_caller_comes_back_with_the_configuration_of_the_call() -> None:
    """The next token says the same as the first one."""
    async with FakeLiveKit(ROOM).running() as livekit:
        wanted = settings(livekit_url=livekit.url, livekit_agent_name="nova")
        again = await OwnRooms(wanted).refresh(caller_token(wanted, ROOM, "caller-1", config=CONFIG))

    [agent] = claims(again.token).room_config.agents
    assert agent.metadata == METADATA
