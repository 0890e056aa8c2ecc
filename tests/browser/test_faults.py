"""What the page shows when something fails."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from livekit import api
from playwright.async_api import expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Route

    from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


# Until the microphone is opened, no sound can be played.
NO_SOUND = """
HTMLAudioElement.prototype.play = () => %s;
const devices = navigator.mediaDevices;
const ask = devices.getUserMedia.bind(devices);
devices.getUserMedia = (wanted) => {
  delete HTMLAudioElement.prototype.play;
  return ask(wanted);
};
"""


@asynccontextmanager
async def armed(stand_ins: str, *faults: dict[str, Any]) -> AsyncIterator[None]:
    """Let the stand-ins fail in these ways."""
    url = f"{stand_ins}/stand-in/faults"
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        async with http.put(url, json={"faults": [*faults]}):
            pass
        try:
            yield
        finally:
            async with http.delete(url):
                pass


async def test_without_an_avatar_the_page_gives_the_reason_and_the_call_continues(studio: Studio) -> None:
    """The service has no credits: a notice says so, the opening line is heard, and a question is answered."""
    refusal = {"vendor": "liveavatar", "kind": "status", "at": "start", "status": 403, "message": "Not enough credits"}
    async with armed(studio.stage.stand_ins, {**refusal, "times": None}), studio.tab() as tab:
        await tab.find("start").click()
        await expect(tab.find("notice")).to_contain_text("Voice only: The avatar", timeout=40_000)
        await tab.listen()
        await tab.talk("What time is it in London?")
        await tab.sounds()
        await tab.caption("agent", "London")
        await expect(tab.find("poster")).to_be_visible()
        await tab.picture("voice-only")
        await tab.close()


async def test_a_lost_avatar_comes_back(studio: Studio) -> None:
    """The avatar's participant leaves: a notice says so, the speech continues, and another avatar joins."""
    async with studio.tab() as tab:
        await tab.start()
        leaves = {"vendor": "liveavatar", "kind": "leaves", "at": "speaking", "after": 1.0}
        slow = {"vendor": "liveavatar", "kind": "slow", "at": "start", "seconds": 4}
        async with armed(studio.stage.stand_ins, leaves, slow):
            await tab.talk("Tell me a story.")
            await expect(tab.find("notice")).to_be_visible(timeout=30_000)
            await tab.sounds()
            await expect(tab.find("notice")).to_be_hidden(timeout=30_000)
            await tab.moves()
        await tab.close()


async def test_a_reload_does_not_restart_a_call_that_the_server_has_ended(studio: Studio) -> None:
    """The page says that the call has ended, and a reload only shows Start."""
    livekit = studio.stage.livekit
    async with studio.tab() as tab:
        await tab.start()
        before = len(await studio.stage.sessions())
        async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as server:
            for room in (await server.room.list_rooms(api.ListRoomsRequest())).rooms:
                await server.room.delete_room(api.DeleteRoomRequest(room=room.name))
        await expect(tab.find("error")).to_contain_text("The call has ended.")
        await tab.page.reload()
        await expect(tab.find("start")).to_be_visible()
        assert await tab.details() is None

    await studio.stage.ended_session()
    assert len(await studio.stage.sessions()) == before


async def test_the_page_shows_why_a_call_can_not_start(studio: Studio) -> None:
    """All lines are busy: the page shows the server's sentence, and Start can be pressed again."""
    busy = {"error": "All lines are busy at the moment."}
    async with studio.tab() as tab:
        await tab.page.route(
            "**/api/call", lambda route: route.fulfill(status=503, json=busy, headers={"Retry-After": "10"})
        )
        await tab.find("start").click()
        await expect(tab.find("error")).to_have_text(f"{busy['error']} Please try again in 10 seconds.")
        await expect(tab.find("start")).to_be_enabled()
        await tab.picture("busy")


@pytest.mark.parametrize(
    "answer", ["new Promise(() => {})", "Promise.reject(new DOMException('removed', 'AbortError'))"]
)
async def test_the_microphone_does_not_wait_for_sound(studio: Studio, answer: str) -> None:
    """The agent's track is there first, and plays only later or ends before: the caller is heard all the same."""
    livekit = studio.stage.livekit
    async with studio.tab() as tab:
        await tab.page.add_init_script(NO_SOUND % answer)
        await tab.page.reload()

        async def join_late(route: Route) -> None:
            response = await route.fetch()
            room = api.ListParticipantsRequest(room=(await response.json())["room"])
            async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as server:
                while not any(  # noqa: ASYNC110 - the server has no event
                    each.tracks for each in (await server.room.list_participants(room)).participants
                ):
                    await asyncio.sleep(0.1)
            await route.fulfill(response=response)

        await tab.page.route("**/api/call", join_late)
        await tab.find("start").click()
        await expect(tab.find("mute")).to_be_enabled(timeout=40_000)
        await expect(tab.find("error")).to_be_hidden()
        await tab.close()
