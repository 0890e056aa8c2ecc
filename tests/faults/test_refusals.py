"""A service that gives no avatar: the fallback track speaks at once, and the avatar comes when there is one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.faults.call import AGENT, AVATAR, call
from tests.reliability import Row, measured

if TYPE_CHECKING:
    from demo.livekit_server import LiveKitServer

CREDITS = {"message": "Not enough credits"}

FOR_GOOD: dict[str, dict[str, Any]] = {
    "the key is wrong": {"kind": "status", "at": "token", "status": 401, "times": None},
    "no credits are left": {"kind": "status", "at": "start", "status": 403, "times": None, **CREDITS},
    "the avatar is unknown": {"kind": "status", "at": "token", "status": 404, "times": None},
}

BACK_OFF = "the fallback track speaks; ask again, later each time"
STOP_IT = "the fallback track speaks; stop the session that may have been started, and ask again"

FOR_A_WHILE: dict[str, tuple[list[dict[str, Any]], str]] = {
    "too many calls": (
        [{"kind": "status", "at": "token", "status": 429, "headers": {"Retry-After": "1"}, "times": 2}],
        "the fallback track speaks; ask again after `Retry-After`",
    ),
    "no slot is free": (
        [{"kind": "status", "at": "start", "status": 403, "code": 4032}],
        "the fallback track speaks; ask again every 2 to 10 s",
    ),
    "the service is down": ([{"kind": "status", "at": "token", "status": 503, "times": 3}], BACK_OFF),
    "the start hangs": ([{"kind": "hang", "at": "start"}], STOP_IT),
    "the reply to a start is lost": ([{"kind": "lose_reply", "at": "start"}], STOP_IT),
    "the reply has no ws_url": ([{"kind": "omit", "at": "start", "fields": ["data.ws_url"]}], STOP_IT),
}


@pytest.mark.parametrize("name", FOR_GOOD)
@pytest.mark.asyncio(loop_scope="session")
async def test_without_an_avatar_the_call_continues_by_voice(
    livekit_server: LiveKitServer, name: str, reliability: list[Row]
) -> None:
    """The reason is logged once, no request is repeated, and the speech is heard."""
    async with call(livekit_server, [FOR_GOOD[name]], required=False) as conversation:
        await conversation.say()
        await conversation.is_heard_to_its_end()
        action = "say why, once, in the log; show a sentence on the participant; voice only"
        reliability.append(Row(name, measured(conversation.hall), action, 0))

        assert conversation.hall.speakers == [AGENT]
        assert [status.is_live for status in conversation.statuses] == [False]
        assert conversation.faults.armed[0].struck == 1


LONG = {"too many calls", "no slot is free", "the service is down", "the start hangs", "the reply has no ws_url"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.long if name in LONG else ()) for name in FOR_A_WHILE]
)
@pytest.mark.asyncio(loop_scope="session")
async def test_the_avatar_comes_when_the_service_gives_one(
    livekit_server: LiveKitServer, name: str, reliability: list[Row]
) -> None:
    """Until then the fallback track speaks; then the avatar, in exactly one session."""
    faults, action = FOR_A_WHILE[name]
    async with call(livekit_server, faults, required=False) as conversation:
        await conversation.say()
        await conversation.is_heard_to_its_end()
        reliability.append(Row(name, measured(conversation.hall), action, conversation.avatar.sessions_used))
        await conversation.has_avatar()
        assert (await conversation.books())["open_sessions"] == 1
        conversation.hall.heard.clear()
        await conversation.say(2)
        await conversation.is_heard_to_its_end(2)

        assert conversation.hall.speakers[-1].startswith(AVATAR)
