"""A person calls the avatar from a browser and talks with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from livekit import api

if TYPE_CHECKING:
    from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

# Seconds of silence before the first word, enough for the avatar to join and greet on a busy machine.
JOINS = 20.0


async def test_a_spoken_call(studio: Studio) -> None:
    """The avatar moves and is heard; captions appear with the speech; an interruption by voice silences and cuts."""
    script = (JOINS, "what time is it in london", 9.0, "tell me a story", 8.0, "stop please", 30.0)
    async with studio.tab(*script) as tab:
        await tab.start()
        await tab.moves()
        await tab.caption("agent", "Hello, I am Nova")
        await tab.caption("you", "time")
        await tab.sounds()
        await tab.picture("speaking")
        await tab.caption("agent", "London")
        await tab.caption("you", "story")
        await tab.is_state("speaking")
        await tab.caption("agent", "Once there was a small robot", state="cut")
        await tab.falls_silent()
        await tab.picture("cut")
        await tab.close()

    session = await studio.stage.ended_session()
    assert session["end_reason"] == "USER_CLOSED"


async def test_a_written_call(studio: Studio) -> None:
    """Talk is answered, Repeat is said word for word, Interrupt silences, and a reload rejoins the same call."""
    async with studio.tab() as tab:
        await tab.start()
        await tab.talk("What time is it in Tokyo?")
        await tab.caption("you", "What time is it in Tokyo?")
        await tab.caption("agent", "Tokyo")
        await tab.is_state("listening")
        await tab.find("text").fill("The quick brown fox. It jumps over the lazy dog.")
        await tab.find("repeat").click()
        await tab.sounds()
        await tab.caption("agent", "The quick brown fox. It jumps over the lazy dog.")
        await tab.talk("Tell me a story.")
        await tab.is_state("speaking")
        await tab.sounds()
        await tab.find("interrupt").click()
        await tab.falls_silent()
        before = (await studio.stage.sessions())[-1]["id"]
        await tab.page.reload()
        await tab.is_live()
        await tab.talk("What time is it in Paris?")
        await tab.caption("agent", "Paris")
        await tab.close()

    session = await studio.stage.ended_session()
    assert session["id"] == before


async def test_the_page_announces_that_it_shows_captions(studio: Studio) -> None:
    """A token without the attribute, as in rooms of LiveAvatar's, would lead to a transcript in the chat."""
    livekit = studio.stage.livekit
    grants = api.VideoGrants(room_join=True, room="a-room-of-another", can_update_own_metadata=True)
    token = api.AccessToken(livekit.api_key, livekit.api_secret).with_identity("someone").with_grants(grants).to_jwt()
    details = {"url": livekit.url, "token": token, "room": "a-room-of-another", "identity": "someone"}
    async with studio.tab() as tab:
        await tab.page.route("**/api/call", lambda route: route.fulfill(json=details))
        await tab.start()
        async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as server:
            caller = await server.room.get_participant(
                api.RoomParticipantIdentity(room="a-room-of-another", identity="someone")
            )
        assert caller.attributes["captions"] == "true"
        await tab.close()
