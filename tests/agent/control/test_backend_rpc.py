"""Requests that LiveKit's server forwards from backends to the agent."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api

from agent.control.backend import METHOD, admin_token, is_admin
from agent.control.methods import SPEECH
from agent.settings import Settings
from tests.agent.control.caller import calling

if TYPE_CHECKING:
    from tests.agent.control.caller import Caller

KEY, SECRET, ROOM = "devkey", "a-secret-of-thirty-two-characters", "call-1"
SETTINGS = Settings(livekit_url="ws://127.0.0.1:1", livekit_api_key=KEY, livekit_api_secret=SECRET)


async def ask(
    caller: Caller, method: str, payload: dict[str, Any], *, token: str = "", request: str = "r"
) -> dict[str, Any]:
    """Call the method as LiveKit's server does: with an identity that is in no room."""
    caller.room.name = ROOM
    body = {"token": token or admin_token(KEY, SECRET, ROOM), "id": request, "method": method, "payload": payload}
    answer: dict[str, Any] = await caller.call(METHOD, json.dumps(body), caller="f81d4fae-7dec-11d0")
    return answer


async def test_a_backend_needs_no_place_in_the_room() -> None:
    """A backend calls the methods of the control protocol and gets their answers."""
    async with calling(settings=SETTINGS) as caller:
        said = await ask(caller, "repeat", {"text": "Fine."})
        assert (said["refused"], said["answer"]["sentences"]) == (None, 1)
        told = await ask(caller, "get_repeat", {"id": said["answer"]["id"], "wait": 8}, request="s")

        assert told["answer"]["state"] == "finished"
        assert (await ask(caller, "end_call", {}, request="t")) == {"answer": {}, "refused": None}
        assert caller.has_ended.is_set()


async def test_a_request_that_arrives_again_is_carried_out_once() -> None:
    """LiveKit's server repeats a request after three seconds, even while the first is being carried out."""
    async with calling(settings=SETTINGS) as caller:
        answers = await asyncio.gather(*(ask(caller, "repeat", {"text": "Fine."}) for _ in range(3)))
        await caller.hears(1)
        again = await ask(caller, "repeat", {"text": "Fine."})
        other = await ask(caller, "repeat", {"text": "Fine."}, request="another")

    assert [each == answers[0] for each in (*answers, again, other)] == [True, True, True, True, False]


async def test_a_request_goes_on_when_its_answer_is_no_longer_awaited() -> None:
    """The server gives up the first request; its repetition gets the answer."""
    async with calling(settings=SETTINGS) as caller:
        said = (await ask(caller, "repeat", {"text": "Fine."}))["answer"]["id"]
        waiting = asyncio.create_task(ask(caller, "get_repeat", {"id": said, "wait": 8}, request="w"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

        assert (await ask(caller, "get_repeat", {"id": said, "wait": 8}, request="w"))["answer"]["state"] == "finished"


def tokens() -> list[str]:
    """Return tokens that do not let their holder administer the room."""
    join = api.AccessToken(KEY, SECRET).with_identity("caller")
    return [
        "no token",
        join.with_grants(api.VideoGrants(room_join=True, room=ROOM)).to_jwt(),
        admin_token(KEY, SECRET, "call-2"),
        admin_token(KEY, SECRET[::-1], ROOM),
        admin_token("another", SECRET, ROOM),
    ]


@pytest.mark.parametrize("token", tokens())
async def test_only_a_room_administrator_may_ask(token: str) -> None:
    """Tokens of callers, of other rooms and with other keys are refused, and nothing is carried out."""
    async with calling(settings=SETTINGS) as caller:
        answer = await ask(caller, "end_call", {}, token=token)

        assert answer["refused"]["code"] == 403
        assert not caller.has_ended.is_set()


async def test_a_token_is_accepted_for_its_own_room() -> None:
    """It is accepted as long as it is valid."""
    assert is_admin(admin_token(KEY, SECRET, ROOM), KEY, SECRET, ROOM)


@pytest.mark.parametrize(
    ("method", "payload", "code"),
    [
        ("dance", {}, 400),
        ("set_input", {"mode": "open"}, 400),
        ("talk", {"text": ""}, 400),
        ("repeat", {"text": "a" * 2001}, 413),
    ],
)
async def test_impossible_requests_are_refused_with_a_reason(method: str, payload: dict[str, Any], code: int) -> None:
    """Methods that belong to a caller's own page are not available to a backend."""
    async with calling(settings=SETTINGS) as caller:
        assert (await ask(caller, method, payload))["refused"]["code"] == code


async def test_backends_have_their_own_rate_limits() -> None:
    """A caller who asks too often does not block a backend, nor the other way round."""
    async with calling(settings=SETTINGS) as caller:
        answers = [await ask(caller, "repeat", {}, request=str(each)) for each in range(SPEECH.burst + 1)]
        assert [each["refused"]["code"] for each in answers] == [400] * SPEECH.burst + [429]
        assert 0.0 < answers[-1]["refused"]["retry_after"] <= 1.0

        assert (await caller.call("repeat", '{"text": "Fine."}'))["sentences"] == 1


async def test_a_call_that_ends_refuses_requests() -> None:
    """Requests of backends are refused as well."""
    async with calling(settings=SETTINGS) as caller:
        caller.control.refuse_requests()

        assert (await ask(caller, "repeat", {"text": "Fine."}))["refused"]["code"] == 409


async def test_without_a_key_the_method_is_not_registered() -> None:
    """In LiveAvatar's own room no token could be verified."""
    async with calling() as caller:
        assert METHOD not in caller.agent.methods
