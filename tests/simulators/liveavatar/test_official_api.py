"""The REST client of the official livekit-plugins-liveavatar works against the stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit import rtc
from livekit.agents import APIStatusError
from livekit.plugins.liveavatar.api import LiveAvatarAPI

from simulators.liveavatar.model.avatars import DRAWN_FACE_ID

if TYPE_CHECKING:
    from tests.simulators.liveavatar.client import StandIn


class NamedRoom(rtc.Room):
    """A room that has only a name."""

    @property
    def name(self) -> str:
        """The room's name."""
        return "room"


def client(stand_in: StandIn, api_key: str = "stand-in") -> LiveAvatarAPI:
    """Return the plugin's REST client, connected to the stand-in."""
    return LiveAvatarAPI(api_key, api_url=f"{stand_in.url}/v1/sessions", session=stand_in.http)


async def create(api: LiveAvatarAPI) -> dict[str, str]:
    """Return a session as the plugin requests it."""
    answer = await api.create_streaming_session(
        livekit_url="ws://livekit.invalid",
        livekit_token="accepted",
        room=NamedRoom(),
        avatar_id=DRAWN_FACE_ID,
        video_quality="medium",
    )
    return dict(answer["data"])


async def test_plugin_creates_starts_and_stops_a_session(stand_in: StandIn) -> None:
    """The room and the quality are as the plugin sends them."""
    api = client(stand_in)
    session = await create(api)
    started = await api.start_streaming_session(session["session_id"], session["session_token"])
    await api.stop_streaming_session(session["session_id"], session["session_token"])
    inspected = await stand_in.inspect()

    assert started["data"]["ws_url"].startswith("ws://")
    assert stand_in.rooms[0].invitation.width == 854
    assert inspected["request"]["livekit_config"]["livekit_room"] == "room"
    assert (inspected["state"], inspected["end_reason"]) == ("ended", "USER_DISCONNECTED")


async def test_plugin_sees_the_status_when_its_key_is_wrong(stand_in: StandIn) -> None:
    """A refusal is not retried."""
    with pytest.raises(APIStatusError) as refusal:
        await create(client(stand_in, "wrong"))

    assert refusal.value.status_code == 401
