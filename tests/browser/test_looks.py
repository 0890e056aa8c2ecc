"""The page's appearance at every size of the window, in both themes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from playwright.async_api import expect

from tests.browser.page import HAPPENS_MS, SIZES

if TYPE_CHECKING:
    from tests.browser.conftest import Studio
    from tests.browser.page import CallPage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

LAPTOPS = ((1366, 657), (1440, 789))

# A window of 1366 x 657 at 200 %.
ZOOMED = (683, 328)

LONG_WORD = "https://example.com/" + "a-path-without-end" * 20

LONG_MESSAGE = "No one has answered yet: all lines may be busy. You can keep waiting, or close the call and try later."

# The positions of the page's parts, from top to bottom.
TOPS = """
() => ["stage", "captions", "dock", "mode-open"].map(
  name => document.querySelector(`[data-testid=${name}]`).getBoundingClientRect().top + window.scrollY
)
"""


async def test_a_first_visitor_sees_start_and_what_to_say(studio: Studio) -> None:
    """Start is outside the avatar's picture, a hint says what to say, and technical details are folded."""
    async with studio.tab() as tab:
        await expect(tab.find("hint")).to_contain_text("say hello")
        for panel in await tab.page.locator("details").all():
            assert await panel.get_attribute("open") is None
        for size in SIZES:
            await tab.resize(*size)
            await expect(tab.find("start")).to_be_in_viewport(ratio=1)
            await expect(tab.find("text")).to_be_in_viewport(ratio=1)
            start, stage = await box(tab, "start"), await box(tab, "stage")
            assert start["y"] >= stage["y"] + stage["height"]
            assert await tab.width_of_content() <= size[0]
        await tab.pictures_of_all_sizes("start")


async def test_a_call_at_every_size(studio: Studio) -> None:
    """The controls of a call are visible without scrolling, Close is next to the others, and no word leaves its box."""
    async with studio.tab() as tab:
        await tab.start()
        await expect(tab.find("hint")).to_be_hidden()
        await tab.talk(f"What time is it in Tokyo, {LONG_WORD}?")
        long = await tab.caption("you", LONG_WORD)
        await tab.caption("agent", "Tokyo")
        for size in (*SIZES, *LAPTOPS, ZOOMED):
            await tab.resize(*size)
            for control in ("mute", "interrupt", "text", "talk", "repeat", "close"):
                await expect(tab.find(control), f"{control} at {size}").to_be_in_viewport(ratio=1)
            middle = (await box(tab, "mute"))["y"] + (await box(tab, "mute"))["height"] / 2
            close = await box(tab, "close")
            assert close["y"] < middle < close["y"] + close["height"]
            assert await long.evaluate("line => line.scrollWidth <= line.clientWidth")
            assert await tab.find("captions").evaluate("captions => captions.scrollWidth <= captions.clientWidth")
            assert await tab.width_of_content() <= size[0]
        await tab.picture("conversation-200-percent")
        await tab.pictures_of_all_sizes("conversation")
        for panel in await tab.page.locator("summary").all():
            await panel.click()
        await tab.find("mode-ptt").check()
        await tab.pictures_of_all_sizes("panels")
        await tab.close()


async def test_a_message_pushes_no_control_out_of_the_window(studio: Studio) -> None:
    """All controls stay visible with a long message and in a low window."""
    async with studio.tab() as tab:
        await tab.find("error").evaluate(
            "(message, text) => { message.hidden = false; message.textContent = text; }", LONG_MESSAGE
        )
        for size in (*SIZES, *LAPTOPS, ZOOMED):
            await tab.resize(*size)
            await expect(tab.find("error"), f"the message at {size}").to_be_in_viewport(ratio=1)
            for control in ("start", "text", "talk", "repeat"):
                await expect(tab.find(control), f"{control} at {size}").to_be_in_viewport(ratio=1)


async def test_a_phone_stays_still_while_the_agent_speaks(studio: Studio) -> None:
    """Nothing on the page moves between listening and speaking."""
    async with studio.tab() as tab:
        await tab.resize(*SIZES[0])
        await tab.start()
        listening = await tab.page.evaluate(TOPS)
        await tab.talk("Tell me a story.")
        await tab.is_state("speaking")
        assert await tab.page.evaluate(TOPS) == listening
        await tab.find("interrupt").click()
        await tab.is_state("listening")
        assert await tab.page.evaluate(TOPS) == listening
        await tab.close()


async def test_right_to_left_text_starts_at_the_right(studio: Studio) -> None:
    """Each text in the captions and in the text box has the direction of its first letter."""
    async with studio.tab() as tab:
        await tab.start()
        await tab.find("text").fill("مرحبا")
        assert await tab.find("text").evaluate("box => getComputedStyle(box).direction") == "rtl"
        await tab.find("talk").click()
        written = await tab.caption("you", "مرحبا")
        assert await written.locator("span").evaluate("words => getComputedStyle(words).direction") == "rtl"
        await tab.close()


async def test_the_sources_of_an_answer_are_shown_as_text(studio: Studio) -> None:
    """A card below the captions has them: no markup is run, each text has its direction, the page keeps its width."""
    async with studio.tab() as tab:
        await tab.start()
        await expect(tab.find("cards")).to_be_hidden()
        await tab.talk("How long is the warranty?")
        card = tab.find("card")
        await expect(card).to_contain_text("<b>Keep the bill.</b>", timeout=HAPPENS_MS)
        assert await card.locator("img").count() == 0
        assert await tab.page.title() != "run"
        directions = "texts => texts.map(text => getComputedStyle(text).direction)"
        assert await card.locator("li p").evaluate_all(directions) == ["ltr", "rtl"]
        for size in SIZES:
            await tab.resize(*size)
            assert await tab.find("cards").evaluate("cards => cards.scrollWidth <= cards.clientWidth")
            assert await tab.width_of_content() <= size[0]
        await tab.pictures_of_all_sizes("cards")
        await tab.close()


async def box(tab: CallPage, test_id: str) -> Any:
    """Return the position of an element."""
    found = await tab.find(test_id).bounding_box()
    assert found is not None
    return found
