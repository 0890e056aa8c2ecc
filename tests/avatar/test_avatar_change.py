"""Change of the avatar in a call, from the drop-in to the model of the service, in virtual time."""

import asyncio
import itertools

import pytest

from avatar import AvatarSession, ConfigurationError
from simulators.liveavatar.model import DRAWN_FACE_ID, WAYNE_ID
from tests.avatar.virtual_call import VirtualCall, virtual_call

UNKNOWN = "00000000-0000-4000-8000-00000000dead"

pytestmark = pytest.mark.looptime


def asked_for(call: VirtualCall) -> list[str]:
    """Return the avatar of each token request."""
    return [body["avatar_id"] for _, url, body in call.http.calls if url.endswith("token")]


async def test_another_avatar_says_the_next_segment() -> None:
    """The first avatar finishes its segment and is stopped; nothing is lost or said by two."""
    async with virtual_call() as call:
        await call.is_live()
        await call.say(6.0)
        await call.until(lambda: bool(call.spans()))
        call.avatar.change_avatar(WAYNE_ID, name="Wayne")
        await call.played()
        await call.until(lambda: call.avatar.avatar_identity.endswith("-2") and call.avatar.is_live)
        await call.say(3.0)
        await call.played()
        await asyncio.sleep(5.0)
        running = [session.request.avatar_id for session in call.model.running(call.now)]

    assert asked_for(call) == [DRAWN_FACE_ID, WAYNE_ID]
    assert running == [WAYNE_ID]
    assert call.avatar.avatar_id == WAYNE_ID
    assert len(call.speakers()) == 2
    assert call.heard() == bytes(call.captured)
    assert call.overlap() == 0.0
    assert [report.interrupted for report in call.reports] == [False, False]
    assert [status.is_live for status in call.statuses] == [True]


async def test_an_avatar_that_does_not_exist_leaves_the_first_one_in_place() -> None:
    """The application gets one event, and nothing of it is heard or seen."""
    rejected: list[str] = []
    async with virtual_call() as call:
        call.avatar.on("avatar_rejected", rejected.append)
        await call.is_live()
        call.avatar.change_avatar(UNKNOWN)
        await call.say(4.0)
        await call.played()
        await asyncio.sleep(60.0)

        assert call.avatar.is_live

    assert rejected == [UNKNOWN]
    assert asked_for(call) == [DRAWN_FACE_ID, UNKNOWN]
    assert call.avatar.avatar_id == DRAWN_FACE_ID
    assert len(list(itertools.groupby(call.speakers()))) == 1
    assert call.heard() == bytes(call.captured)


async def test_an_avatar_that_was_not_started_can_not_change() -> None:
    """The same holds for one in a room of LiveAvatar's, which belongs to its session."""
    avatar = AvatarSession(avatar_id=DRAWN_FACE_ID, api_key="a-key")

    with pytest.raises(ConfigurationError, match="room of your own"):
        avatar.change_avatar(WAYNE_ID)
    assert avatar.avatar_id == DRAWN_FACE_ID
