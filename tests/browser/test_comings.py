"""A caller comes, goes and comes back, at every moment: there is one call, and it is the caller's."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from livekit import api
from playwright.async_api import expect

if TYPE_CHECKING:
    from playwright.async_api import Route, WebSocketRoute

    from tests.browser.conftest import Studio
    from tests.browser.page import CallPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

TICKET = "JSON.parse(sessionStorage.getItem('ticket'))"

SLOW_MICROPHONE = """
const devices = navigator.mediaDevices;
const ask = devices.getUserMedia.bind(devices);
window.tracks = [];
devices.getUserMedia = async (wanted) => {
  window.asked = true;
  await new Promise((resolve) => (window.allow = resolve));
  const stream = await ask(wanted);
  window.tracks.push(...stream.getTracks());
  return stream;
};
"""


async def ticket_of(tab: CallPage) -> Any:
    """What the page keeps for a reload."""
    return await tab.page.evaluate(TICKET)


async def test_a_reload_with_an_expired_ticket_comes_back(studio: Studio) -> None:
    """After ten minutes the token opens nothing any more: the page asks for another one to the same call."""
    livekit = studio.stage.livekit
    async with studio.tab(1.0) as tab:
        await tab.start()
        before = len(await studio.stage.sessions())
        ticket = await ticket_of(tab)
        token = api.AccessToken(livekit.api_key, livekit.api_secret).with_identity(ticket["identity"])
        token = token.with_grants(api.VideoGrants(room_join=True, room=ticket["room"])).with_ttl(timedelta(minutes=-10))
        expired = json.dumps(ticket | {"token": token.to_jwt()})
        await tab.page.evaluate("ticket => sessionStorage.setItem('ticket', ticket)", expired)
        await tab.page.reload()
        await tab.is_live()

        assert (await ticket_of(tab))["room"] == ticket["room"]
        assert len(await studio.stage.sessions()) == before
        await tab.find("close").click()


async def test_who_could_not_come_back_goes_on_in_the_same_call_with_start(studio: Studio) -> None:
    """LiveKit is out of reach at a reload: the page says so, and Start begins no second call beside the first."""
    async with studio.tab(1.0) as tab:
        await tab.start()
        before = len(await studio.stage.sessions())
        ticket = await ticket_of(tab)
        is_away = True

        async def cut(wire: WebSocketRoute) -> None:
            if is_away:
                await wire.close()
            else:
                wire.connect_to_server()

        await tab.page.route_web_socket(re.compile("/rtc"), cut)
        await tab.page.route(re.compile("/rtc"), lambda route: route.abort() if is_away else route.continue_())
        await tab.page.reload()
        await expect(tab.find("error")).to_contain_text("The room can't be reached.", timeout=30_000)
        is_away = False
        await tab.start()

        assert (await ticket_of(tab))["room"] == ticket["room"]
        assert len(await studio.stage.sessions()) == before
        await tab.find("close").click()


async def test_close_while_the_room_is_asked_for_is_obeyed(studio: Studio) -> None:
    """The answer comes later: nobody joins, and no microphone is asked for."""
    async with studio.tab(1.0) as tab:
        await tab.page.add_init_script(SLOW_MICROPHONE)
        await tab.page.reload()
        asked: asyncio.Queue[Route] = asyncio.Queue()
        await tab.page.route("**/api/call", asked.put)
        await tab.find("start").click()
        route = await asked.get()
        await tab.find("close").click()
        await expect(tab.find("start")).to_be_visible()
        async with tab.page.expect_response("**/api/call"):
            await route.continue_()
        await tab.page.wait_for_timeout(1_000)

        assert await tab.page.evaluate("[sessionStorage.getItem('ticket'), window.asked]") == [None, None]
        await expect(tab.find("start")).to_be_visible()
        await expect(tab.find("error")).to_be_hidden()


async def test_a_microphone_that_is_allowed_after_the_call_is_off(studio: Studio) -> None:
    """The browser still asks when the caller closes; and the next call begins without the turns of the last one."""
    async with studio.tab(1.0) as tab:
        await tab.page.add_init_script(SLOW_MICROPHONE)
        await tab.page.reload()
        await tab.find("start").click()
        await tab.page.wait_for_function("() => window.asked")
        await expect(tab.find("turn")).to_have_count(1, timeout=30_000)  # the opening line
        await tab.find("close").click()
        await tab.page.evaluate("window.allow()")
        await tab.page.wait_for_function(
            "() => window.tracks.length && window.tracks.every(t => t.readyState === 'ended')"
        )
        await expect(tab.find("error")).to_be_hidden()
        await tab.find("start").click()
        await expect(tab.find("turn")).to_have_count(0)
        await tab.find("close").click()


@pytest.mark.long
async def test_who_waits_for_an_agent_in_vain_is_told(studio: Studio) -> None:
    """The agent is taken out of the room: the page waits for one, and after a while says what to do."""
    livekit = studio.stage.livekit
    async with studio.tab(1.0) as tab:
        await tab.start()
        room = (await ticket_of(tab))["room"]
        async with api.LiveKitAPI(livekit.url, livekit.api_key, livekit.api_secret) as server:
            people = (await server.room.list_participants(api.ListParticipantsRequest(room=room))).participants
            agent = next(each.identity for each in people if each.attributes.get("control"))
            await server.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=agent))
        await expect(tab.find("progress")).to_contain_text("Waiting for the agent", timeout=20_000)
        await expect(tab.find("error")).to_contain_text("No agent comes.", timeout=20_000)
        await tab.find("close").click()
