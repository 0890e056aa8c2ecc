"""A person calls the avatar from a browser, and talks with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

if TYPE_CHECKING:
    from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

LEVEL = 'Number(document.querySelector("[data-testid=mic-level]").ariaValueNow)'
"""Of the microphone, as the page shows it, in percent."""

QUIET = f"""
() => {{
  if ({LEVEL} > 5) window.spokeAt = performance.now();
  return performance.now() - window.spokeAt > 600;
}}
"""
"""Nothing has been said into the microphone for a while, after something was."""

JOINS = 12.0
"""Seconds of silence before the first word: the avatar joins, and says its opening line."""


async def test_a_spoken_call(studio: Studio) -> None:
    """The face moves and is heard; words are read while they are spoken; a barge-in by voice silences and cuts."""
    script = (JOINS, "what time is it in london", 9.0, "tell me a story", 8.0, "stop please", 30.0)
    async with studio.tab(*script) as tab:
        await tab.picture("start")
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
        await tab.find("close").click()
        await expect(tab.find("start")).to_be_visible()

    session = await studio.stage.ended_session()
    assert session["end_reason"] == "USER_CLOSED"


async def test_a_written_call(studio: Studio) -> None:
    """Talk is answered, Repeat is said word for word, Interrupt silences, and a reload goes on in the same call."""
    async with studio.tab(1.0) as tab:
        await tab.start()
        await tab.find("text").fill("What time is it in Tokyo?")
        await tab.find("talk").click()
        await tab.caption("you", "What time is it in Tokyo?")
        await tab.caption("agent", "Tokyo")
        await tab.is_state("listening")
        await tab.find("text").fill("The quick brown fox. It jumps over the lazy dog.")
        await tab.find("repeat").click()
        await tab.sounds()
        await tab.caption("agent", "The quick brown fox. It jumps over the lazy dog.")
        await tab.find("text").fill("Tell me a story.")
        await tab.find("talk").click()
        await tab.is_state("speaking")
        await tab.sounds()
        await tab.find("interrupt").click()
        await tab.falls_silent()
        before = (await studio.stage.sessions())[-1]["id"]
        await tab.page.reload()
        await tab.is_live()
        await tab.find("text").fill("What time is it in Paris?")
        await tab.find("talk").click()
        await tab.caption("agent", "Paris")
        await tab.picture("conversation")
        await tab.find("close").click()

    session = await studio.stage.ended_session()
    assert session["id"] == before


async def test_push_to_talk(studio: Studio) -> None:
    """What is said while the key is not held is not heard; what is said while it is, is answered."""
    async with studio.tab(5.0, "what time is it in tokyo", loops=True) as tab:
        await tab.find("mode-ptt").check()
        await tab.start()
        await expect(tab.page.locator('[data-testid="caption"][data-speaker="you"]')).to_have_count(0)
        await tab.page.wait_for_function(f"() => {LEVEL} > 20 && (window.spokeAt = performance.now())")
        await tab.page.wait_for_function(QUIET)
        await tab.page.keyboard.down("Space")
        await tab.caption("you", "time", state="interim")
        await tab.page.wait_for_timeout(2_000)
        await tab.page.keyboard.up("Space")
        await tab.caption("agent", "Tokyo")
        await tab.find("close").click()
        await expect(tab.find("start")).to_be_visible()
