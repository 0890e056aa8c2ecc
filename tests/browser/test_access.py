"""Everybody can use the page: with a keyboard, a screen reader, a phone, by day and by night."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.e2e.stage import ROOT

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"

PHONE = 360

SERIOUS = """
async () => (await axe.run()).violations
  .filter(violation => ["serious", "critical"].includes(violation.impact))
  .map(violation => `${violation.id}: ${violation.nodes.map(node => node.target).join(" ")}`)
"""


async def serious_findings(page: Page) -> list[Any]:
    """What axe finds to be serious or critical."""
    await page.evaluate(AXE.read_text("utf-8"))
    findings: list[Any] = await page.evaluate(SERIOUS)
    return findings


async def test_axe_finds_nothing_serious(studio: Studio) -> None:
    """Before the call and in it, on a desk by night and on a phone by day; nothing is wider than the phone."""
    async with studio.tab(1.0) as tab:
        before = await serious_findings(tab.page)
        await tab.start()
        await tab.find("text").fill("What time is it in Rome?")
        await tab.find("talk").click()
        await tab.caption("agent", "Rome")
        by_night = await serious_findings(tab.page)
        await tab.picture("desk")
        await tab.page.emulate_media(color_scheme="light")
        await tab.page.set_viewport_size({"width": PHONE, "height": 800})
        by_day = await serious_findings(tab.page)
        wide = await tab.page.evaluate("() => document.documentElement.scrollWidth")
        await tab.picture("phone")
        await tab.find("close").click()

    assert (before, by_night, by_day) == ([], [], [])
    assert wide <= PHONE


async def test_a_call_is_made_with_the_keyboard_alone(studio: Studio) -> None:
    """Tab reaches Start and the text, Enter talks, Escape interrupts."""
    async with studio.tab(1.0) as tab:
        await tab.find("start").focus()
        await tab.page.keyboard.press("Enter")
        await tab.is_live()
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
