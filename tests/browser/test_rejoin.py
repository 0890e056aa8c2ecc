"""A caller starts a call, leaves it and comes back at any moment: there is only one call, and the caller is in it."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from livekit import api
from playwright.async_api import expect

from tests.browser.microphones import SLOW_MICROPHONE
from tests.browser.page import CallPage

if TYPE_CHECKING:
    from playwright.async_api import Route, WebSocketRoute

    from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

KEEP_DETAILS = "details => sessionStorage.setItem('connection-details', JSON.stringify(details))"


async def test_a_reload_with_an_expired_token_rejoins(studio: Studio) -> None:
    """After ten minutes the token is no longer valid: the page gets another one for the same call."""
    livekit = studio.stage.livekit
    async with studio.tab() as tab:
        await tab.start()
        before = len(await studio.stage.sessions())
        details = await tab.details()
        token = api.AccessToken(livekit.api_key, livekit.api_secret).with_identity(details["identity"])
        token = token.with_grants(api.VideoGrants(room_join=True, room=details["room"])).with_ttl(
            timedelta(minutes=-10)
        )
        await tab.page.evaluate(KEEP_DETAILS, details | {"token": token.to_jwt()})
        await tab.page.reload()
        await tab.is_live()

        assert (await tab.details())["room"] == details["room"]
        assert len(await studio.stage.sessions()) == before
        await tab.close()


async def test_start_rejoins_a_call_that_was_unreachable(studio: Studio) -> None:
    """LiveKit is out of reach at a reload: the page says so, and Start does not start a second call."""
    async with studio.tab() as tab:
        await tab.start()
        before = len(await studio.stage.sessions())
        details = await tab.details()
        is_away = True

        async def cut(wire: WebSocketRoute) -> None:
            if is_away:
                await wire.close()
            else:
                wire.connect_to_server()

        await tab.page.route_web_socket(re.compile("/rtc"), cut)
        await tab.page.route(re.compile("/rtc"), lambda route: route.abort() if is_away else route.continue_())
        await tab.page.reload()
        await expect(tab.find("error")).to_contain_text("The call can't be reached.", timeout=30_000)
        is_away = False
        await tab.find("start").click()
        await tab.is_live()

        assert (await tab.details())["room"] == details["room"]
        assert len(await studio.stage.sessions()) == before
        await tab.close()


async def test_a_reload_does_not_start_a_call(studio: Studio) -> None:
    """The kept call is over, for example in a browser that restores its tabs: the page says so and waits for Start."""
    async with studio.tab() as tab:
        await tab.start()
        details = await tab.details()
        await tab.close()
        await studio.stage.ended_session()
        before = len(await studio.stage.sessions())
        await tab.page.evaluate(KEEP_DETAILS, details)
        await tab.page.reload()
        await expect(tab.find("error")).to_contain_text("The call has ended.")

        await expect(tab.find("start")).to_be_visible()
        assert await tab.details() is None
        assert len(await studio.stage.sessions()) == before


async def test_a_duplicated_tab_takes_the_call_over(studio: Studio) -> None:
    """The first tab says so. After the second has closed the call, a reload of the first requests no other."""
    async with studio.tab() as tab:
        await tab.start()
        before = len(await studio.stage.sessions())
        async with tab.page.expect_popup() as popup:
            await tab.page.evaluate("() => void window.open(location.href)")
        duplicate = CallPage(await popup.value, tab.pictures)
        await duplicate.is_live()
        await expect(tab.find("error")).to_contain_text("The call continues in another tab.")
        await duplicate.close()
        requests: list[str] = []
        tab.page.on("request", lambda request: requests.append(request.url))
        await tab.page.reload(wait_until="networkidle")

        await expect(tab.find("start")).to_be_visible()
        assert not [url for url in requests if url.endswith("/api/call") or "/rtc" in url]
    assert len(await studio.stage.sessions()) == before


async def test_a_muted_microphone_stays_muted_after_a_reload(studio: Studio) -> None:
    """The page shows it, and LiveKit gets a muted track."""
    livekit = studio.stage.livekit
    async with studio.tab("what time is it", loops=True) as tab:
        # Without `start`: the caller may interrupt the opening line.
        await tab.find("start").click()
        await tab.is_live()
        await tab.find("mute").click()
        await expect(tab.find("mute")).to_have_text("Unmute")
        await tab.page.reload()
        await tab.is_live()
        await expect(tab.find("mute")).to_be_enabled()
        await expect(tab.find("mute")).to_have_attribute("aria-pressed", "true")
        details = await tab.details()
        async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as server:
            wanted = api.RoomParticipantIdentity(room=details["room"], identity=details["identity"])
            caller = await server.room.get_participant(wanted)
        assert [track.muted for track in caller.tracks] == [True]
        await tab.close()


async def test_close_cancels_a_requested_call(studio: Studio) -> None:
    """When the answer comes later, the page joins nothing and requests no microphone."""
    async with studio.tab() as tab:
        await tab.page.add_init_script(SLOW_MICROPHONE)
        await tab.page.reload()
        asked: asyncio.Queue[Route] = asyncio.Queue()
        await tab.page.route("**/api/call", asked.put)
        await tab.find("start").click()
        route = await asked.get()
        await tab.close()
        async with tab.page.expect_response("**/api/call"):
            await route.continue_()
        await tab.page.wait_for_timeout(1_000)

        assert await tab.details() is None
        assert await tab.page.evaluate("window.asked") is None
        await expect(tab.find("start")).to_be_visible()
        await expect(tab.find("error")).to_be_hidden()


async def test_a_microphone_that_is_allowed_after_the_call_is_stopped(studio: Studio) -> None:
    """The caller closes while the browser still asks; the next call begins without the turns of the last one."""
    async with studio.tab() as tab:
        await tab.page.add_init_script(SLOW_MICROPHONE)
        await tab.page.reload()
        await tab.find("start").click()
        await tab.page.wait_for_function("() => window.asked")
        await expect(tab.find("turn")).to_have_count(1, timeout=30_000)  # the opening line
        await tab.close()
        await tab.page.evaluate("window.allow()")
        await tab.page.wait_for_function(
            "() => window.tracks.length && window.tracks.every(t => t.readyState === 'ended')"
        )
        await expect(tab.find("error")).to_be_hidden()
        await tab.find("start").click()
        await expect(tab.find("turn")).to_have_count(0)
        await tab.close()


@pytest.mark.long
async def test_a_caller_without_an_agent_is_told_that_all_lines_may_be_busy(studio: Studio) -> None:
    """The agent is removed from the room: the page waits for one, and after a while says what the caller can do."""
    livekit = studio.stage.livekit
    async with studio.tab() as tab:
        await tab.start()
        room = (await tab.details())["room"]
        async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as server:
            people = (await server.room.list_participants(api.ListParticipantsRequest(room=room))).participants
            agent = next(each.identity for each in people if each.attributes.get("control"))
            await server.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=agent))
        await expect(tab.find("progress")).to_contain_text("Waiting for the agent", timeout=20_000)
        await expect(tab.find("error")).to_contain_text("all lines may be busy", timeout=20_000)
        await tab.close()
