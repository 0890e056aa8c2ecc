"""The agent on the pages of other sites: with LiveKit's own TokenSource, and with the widget."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.page import HAPPENS_MS, JOINS_MS
from tests.browser.sites import site
from tests.browser.test_access import AXE, FINDINGS

if TYPE_CHECKING:
    from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]


async def test_livekits_token_source_joins_a_call_from_another_origin(studio: Studio) -> None:
    """Only the address of the token endpoint is given, as LiveKit's starter apps do; the agent is heard."""
    async with site(studio.url, studio.site_port) as url, studio.tab(url=f"{url}token") as tab:
        await tab.listen()
        await tab.page.get_by_role("button", name="Join").click()
        await tab.sounds()
        name, room = await tab.page.evaluate("[window.room.localParticipant.name, window.room.name]")
        await tab.page.evaluate("window.room.disconnect()")

    assert name == "Ada"
    assert room.startswith("call-")


async def test_the_widget_shows_the_page_on_another_site(studio: Studio) -> None:
    """With the keyboard, Enter opens it, the call has microphone and picture, Escape ends it, and the focus is back."""
    ended = _ended_calls(studio)
    async with site(studio.url, studio.site_port) as url, studio.tab("hello", url=f"{url}widget") as tab:
        opener, closer = (tab.page.get_by_role("button", name=name) for name in ("Ask us", "Close"))
        await tab.resize(1100, 800)
        await tab.page.keyboard.press("Tab")
        await tab.page.keyboard.press("Tab")
        await expect(opener).to_be_focused()
        await tab.picture("widget-closed")
        await tab.page.keyboard.press("Enter")
        frame = tab.page.frame_locator("iframe")
        await frame.get_by_test_id("start").click()
        await expect(frame.get_by_test_id("video")).to_be_visible(timeout=JOINS_MS)
        await expect(frame.get_by_test_id("mute")).to_be_enabled(timeout=HAPPENS_MS)
        await tab.page.evaluate(AXE.read_text("utf-8"))
        findings = await tab.page.evaluate(FINDINGS)
        await tab.picture("widget-open")
        await closer.focus()
        await tab.page.keyboard.press("Escape")
        await expect(opener).to_be_focused()
        await expect(tab.page.locator("iframe")).to_have_count(0, timeout=HAPPENS_MS)
        await studio.stage.ended_session()
        leaked = await tab.page.evaluate("Object.keys(window).filter(name => name.length === 1)")

    assert (findings, leaked) == ([], [])
    assert _ended_calls(studio) == ended + 1


async def test_escape_within_the_frame_interrupts_first_and_closes_without_a_call(studio: Studio) -> None:
    """In a call it interrupts the agent; without one it closes the widget."""
    async with site(studio.url, studio.site_port) as url, studio.tab(url=f"{url}widget") as tab:
        await tab.page.get_by_role("button", name="Ask us").click()
        start = tab.page.frame_locator("iframe").get_by_test_id("start")
        await start.focus()
        await start.press("Escape")
        await expect(tab.page.locator("iframe")).to_have_count(0, timeout=HAPPENS_MS)


def _ended_calls(studio: Studio) -> int:
    """Return how many calls a caller has ended, by the workers' logs; calls that were left don't count."""
    logs = (log.read_text("utf-8") for log in studio.stage.logs.glob("worker-*.log"))
    return sum(text.count("a caller ended it") for text in logs)
