"""Push to talk: the agent hears the caller while the button or the space bar is held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.async_api import expect

from tests.browser.microphones import NO_MICROPHONE

if TYPE_CHECKING:
    from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

# The microphone's level in percent, as the page shows it.
LEVEL = 'Number(document.querySelector("[data-testid=mic-level]").ariaValueNow)'

# True when the microphone was loud, and has been silent for a while.
QUIET = f"""
() => {{
  if ({LEVEL} > 5) window.spokeAt = performance.now();
  return performance.now() - window.spokeAt > 600;
}}
"""


async def test_only_speech_while_the_key_is_held_is_heard(studio: Studio) -> None:
    """The agent greets, and does not hear speech before the key is pressed; speech while it is held is answered."""
    async with studio.tab(5.0, "what time is it in tokyo", loops=True) as tab:
        await tab.find("mode-ptt").check()
        await tab.start()
        await tab.caption("agent", "Hello, I am Nova")
        heard = tab.page.locator('[data-testid="caption"][data-speaker="you"]')
        await expect(heard).to_have_count(0)
        await tab.page.wait_for_function(f"() => {LEVEL} > 20 && (window.spokeAt = performance.now())")
        await tab.page.wait_for_function(QUIET)
        await tab.page.keyboard.down("Space")
        await expect(tab.find("ptt")).to_have_attribute("aria-pressed", "true")
        await expect(heard.filter(has_text="time").first).to_be_visible(timeout=30_000)
        await tab.page.wait_for_timeout(2_000)
        await tab.page.keyboard.up("Space")
        await expect(tab.find("ptt")).to_have_attribute("aria-pressed", "false")
        await tab.caption("agent", "Tokyo")
        await tab.close()


async def test_the_space_bar_presses_the_button_that_has_the_focus(studio: Studio) -> None:
    """Space is the talk key only where no control has the focus. A reload keeps the mode."""
    async with studio.tab() as tab:
        await tab.find("mode-ptt").check()
        await tab.start()
        await tab.find("mute").focus()
        await tab.page.keyboard.press("Space")
        await expect(tab.find("mute")).to_have_text("Unmute")
        await tab.page.keyboard.down("Space")
        await expect(tab.find("ptt")).to_have_attribute("aria-pressed", "false")
        await tab.page.keyboard.up("Space")
        await expect(tab.find("mute")).to_have_text("Mute")
        await tab.page.locator("summary").first.focus()
        await tab.page.keyboard.press("Space")
        await expect(tab.find("parts")).to_be_visible()
        await tab.page.reload()
        await tab.is_live()
        await expect(tab.find("mode-ptt")).to_be_checked()
        await expect(tab.find("ptt")).to_be_enabled()
        await tab.close()


async def test_hold_to_talk_needs_a_microphone(studio: Studio) -> None:
    """Without a microphone, and while it is muted, neither the button nor the key does anything."""
    async with studio.tab() as tab:
        await tab.page.add_init_script(NO_MICROPHONE)
        await tab.page.reload()
        await tab.find("mode-ptt").check()
        await tab.find("start").click()
        await expect(tab.find("error")).to_contain_text("You can write instead.")
        await expect(tab.find("ptt")).to_be_disabled()
        await tab.page.keyboard.down("Space")
        await expect(tab.find("ptt")).to_have_attribute("aria-pressed", "false")
        await tab.page.keyboard.up("Space")
        await tab.close()


async def test_hold_to_talk_needs_a_microphone_that_is_not_muted(studio: Studio) -> None:
    """A caller who holds the button of a muted microphone would talk without being heard."""
    async with studio.tab() as tab:
        await tab.find("mode-ptt").check()
        await tab.find("start").click()
        await expect(tab.find("ptt")).to_be_enabled(timeout=30_000)
        await tab.find("mute").click()
        await expect(tab.find("ptt")).to_be_disabled()
        await tab.find("mute").click()
        await expect(tab.find("ptt")).to_be_enabled()
        await tab.close()
