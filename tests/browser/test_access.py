"""Accessibility of the page: with a keyboard, a screen reader, enlarged, and in both themes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.page import SIZES, Theme
from tests.e2e.stage import ROOT

if TYPE_CHECKING:
    from tests.browser.conftest import Studio
    from tests.browser.page import CallPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"

FINDINGS = """
async () => (await axe.run()).violations
  .map(violation => `${violation.id}: ${violation.nodes.map(node => node.target).join(" ")}`)
"""

WINDOWS: tuple[tuple[Theme, tuple[int, int]], ...] = (("light", SIZES[0]), ("dark", SIZES[2]))

# The order from Start on; the controls of the call replace it.
TAB_ORDER = ("mute", "interrupt", "text", "talk", "repeat", "close", "captions", "mode-open")


async def test_axe_finds_nothing(studio: Studio) -> None:
    """The check runs before the call, in it, and with all panels open; on a phone in light, on a laptop in dark."""
    async with studio.tab() as tab:
        before = await findings(tab)
        await tab.start()
        await tab.talk("What time is it in Rome?")
        await tab.caption("agent", "Rome")
        in_call = await findings(tab)
        for panel in await tab.page.locator("summary").all():
            await panel.click()
        await tab.find("mode-ptt").check()
        with_panels = await findings(tab)
        await tab.close()

    assert (before, in_call, with_panels) == ([], [], [])


async def test_messages_do_not_interrupt_a_screen_reader(studio: Studio) -> None:
    """A screen reader reads them when it has nothing else to read."""
    async with studio.tab() as tab:
        await expect(tab.page.get_by_role("alert")).to_have_count(0)
        for message in ("error", "notice", "progress", "length"):
            await expect(tab.find(message)).to_have_attribute("role", "status")


async def test_a_call_is_made_with_the_keyboard_alone(studio: Studio) -> None:
    """Enter starts, Tab reaches every control, Enter talks, Escape interrupts."""
    async with studio.tab() as tab:
        await tab.page.keyboard.press("Tab")
        await tab.page.keyboard.press("Tab")
        await expect(tab.find("start")).to_be_focused()
        await tab.page.keyboard.press("Enter")
        await tab.is_greeted()
        for control in TAB_ORDER:
            await tab.page.keyboard.press("Tab")
            await expect(tab.find(control)).to_be_focused()
        await tab.find("text").focus()
        await tab.page.keyboard.type("Tell me a story.")
        await tab.page.keyboard.press("Enter")
        await tab.is_state("speaking")
        await tab.sounds()
        await tab.page.keyboard.press("Escape")
        await tab.falls_silent()
        await tab.find("close").focus()
        await tab.page.keyboard.press("Enter")
        await expect(tab.find("start")).to_be_visible()


async def findings(tab: CallPage) -> list[Any]:
    """Return axe's violations of any impact."""
    await tab.page.evaluate(AXE.read_text("utf-8"))
    found: list[Any] = []
    for theme, size in WINDOWS:
        await tab.page.emulate_media(color_scheme=theme)
        await tab.resize(*size)
        found += await tab.page.evaluate(FINDINGS)
    return found
