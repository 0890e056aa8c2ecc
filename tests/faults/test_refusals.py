"""A service that gives no avatar: the voice speaks at once, and the avatar comes when there is one."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.test_recovery import AGENT, AVATAR, assert_heard_to_its_end, call

if TYPE_CHECKING:
    from demo.livekit_server import LiveKitServer

CREDITS = {"message": "Not enough credits"}

FOR_GOOD: dict[str, dict[str, Any]] = {
    "the key is wrong": {"kind": "status", "at": "token", "status": 401, "times": None},
    "no credits are left": {"kind": "status", "at": "start", "status": 403, "times": None, **CREDITS},
    "the avatar is unknown": {"kind": "status", "at": "token", "status": 404, "times": None},
}

FOR_A_WHILE: dict[str, list[dict[str, Any]]] = {
    "too many calls": [{"kind": "status", "at": "token", "status": 429, "headers": {"Retry-After": "1"}, "times": 2}],
    "no slot is free": [{"kind": "status", "at": "start", "status": 403, "code": 4032, "times": 1}],
    "the service is down": [{"kind": "status", "at": "token", "status": 503, "times": 3}],
    "the start hangs": [{"kind": "hang", "at": "start"}],
    "the start worked and nobody heard of it": [{"kind": "lose_reply", "at": "start"}],
    "the reply is torn": [{"kind": "truncate", "at": "start"}],
    "the reply has no ws_url": [{"kind": "omit", "at": "start", "fields": ["data.ws_url"]}],
}


@pytest.mark.parametrize("fault", FOR_GOOD.values(), ids=FOR_GOOD.keys())
@pytest.mark.asyncio(loop_scope="session")
async def test_without_an_avatar_the_call_goes_on_by_voice(
    livekit_server: LiveKitServer, fault: dict[str, Any]
) -> None:
    """The reason is told once, nothing is asked again, and the speech is heard."""
    async with call(livekit_server, [fault], required=False) as conversation:
        await conversation.say()
        await assert_heard_to_its_end(conversation)

        assert conversation.hall.speakers == [AGENT]
        assert [status.is_live for status in conversation.statuses] == [False]
        assert conversation.faults.armed[0].struck == 1


@pytest.mark.parametrize("faults", FOR_A_WHILE.values(), ids=FOR_A_WHILE.keys())
@pytest.mark.asyncio(loop_scope="session")
async def test_the_avatar_comes_when_the_service_gives_one(
    livekit_server: LiveKitServer, faults: list[dict[str, Any]]
) -> None:
    """What is said meanwhile is said by the voice or waits; then the avatar speaks, in one session and no more."""
    async with call(livekit_server, faults, required=False) as conversation:
        await conversation.say()
        await assert_heard_to_its_end(conversation)
        async with asyncio.timeout(30):
            while not conversation.avatar.is_live:
                await asyncio.sleep(0.05)
        assert (await conversation.books())["open_sessions"] == 1
        conversation.hall.heard.clear()
        await conversation.say()
        await assert_heard_to_its_end(conversation)

        assert conversation.hall.speakers[-1].startswith(AVATAR)
