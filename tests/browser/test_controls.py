"""The text box, the log, the personas, and the page under a path."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from playwright.async_api import expect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.browser.conftest import Studio

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(180)]

# Adds lines to the log, as the page does, and makes its panel smaller before the browser reports the scrolling.
SHRINK = """
async log => {
  for (let i = 0; i < 100; i += 1) log.append(Object.assign(document.createElement("li"), {textContent: `line ${i}`}));
  await Promise.resolve();
  log.style.maxHeight = "60px";
}
"""
DISTANCE_FROM_END = "log => log.scrollHeight - log.scrollTop - log.clientHeight"


async def test_a_text_that_is_too_long_is_not_sent(studio: Studio) -> None:
    """The page shows the count and keeps the text; once it is short enough, it is sent."""
    async with studio.tab() as tab:
        await tab.start()
        await tab.find("text").fill("x" * 2_345)
        await expect(tab.find("length")).to_contain_text("2,345 of 2,000 characters: too long to send")
        await expect(tab.find("talk")).to_be_disabled()
        await tab.find("text").press("Enter")
        await expect(tab.find("text")).to_have_value("x" * 2_345)
        await tab.picture("too-long")
        await tab.talk("What time is it in Tokyo?")
        await tab.caption("you", "What time is it in Tokyo?")
        await expect(tab.find("length")).to_be_hidden()
        await expect(tab.find("text")).to_have_value("")
        await expect(tab.page.locator('[data-testid="caption"]', has_text="xxx")).to_have_count(0)
        await tab.close()


async def test_a_text_that_the_agent_refuses_is_put_back(studio: Studio) -> None:
    """The agent has not joined yet: the page says so, and the text is not lost."""
    async with studio.tab() as tab:
        await tab.page.route("**/api/call", lambda _: None)
        await tab.find("start").click()
        await tab.talk("What time is it in Tokyo?")
        await expect(tab.find("error")).to_contain_text("The agent is not in the call yet.")
        await expect(tab.find("text")).to_have_value("What time is it in Tokyo?")
        await tab.close()


async def test_the_log_follows_when_its_panel_shrinks(studio: Studio) -> None:
    """The last line stays visible, even when more come; a reader who has scrolled back is not disturbed."""
    async with studio.tab() as tab:
        log = tab.find("log")
        await tab.page.locator("summary", has_text="Log").click()
        await log.evaluate(SHRINK)
        await tab.page.wait_for_function("() => document.querySelector('[data-testid=log]').clientHeight <= 60")
        await log.evaluate("log => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        await log.evaluate("log => log.append(Object.assign(document.createElement('li'), {textContent: 'last'}))")
        await expect(log.locator("li").last).to_be_in_viewport(ratio=1)
        assert await log.evaluate(DISTANCE_FROM_END) < 8

        await log.evaluate("log => log.scrollTo(0, 0)")
        await log.evaluate("log => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        await log.evaluate("log => log.append(Object.assign(document.createElement('li'), {textContent: 'more'}))")
        await log.evaluate("log => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert await log.evaluate("log => log.scrollTop") == 0


async def test_a_persona_is_chosen_before_and_during_a_call(studio: Studio) -> None:
    """The call begins with the chosen persona; during the call another one takes over."""
    async with studio.tab() as tab:
        await tab.find("persona-select").select_option("poet")
        await tab.start()
        await expect(tab.find("name")).to_have_text("Mira")
        await tab.caption("agent", "I am Mira")
        await tab.find("persona-select").select_option("nova")
        await expect(tab.find("name")).to_have_text("Nova", timeout=15_000)
        await tab.close()
        await expect(tab.find("persona-select")).to_have_value("poet")
        await expect(tab.find("voice-id")).to_be_hidden()


async def test_the_page_works_under_a_path(studio: Studio) -> None:
    """A proxy serves it at /agent/: scripts, styles and the call are requested below that path."""
    async with proxied(studio.url, "/agent") as url, studio.tab(url=url) as tab:
        await tab.start()
        await tab.talk("What time is it in Tokyo?")
        await tab.caption("agent", "Tokyo")
        await tab.page.reload()
        await tab.is_live()
        await tab.close()


async def test_the_page_is_found_without_the_trailing_slash(studio: Studio) -> None:
    """People type the address without it; the secret in the address is kept."""
    async with proxied(studio.url, "/agent") as url, studio.tab(url=f"{url.rstrip('/')}?a=1#b") as tab:
        await tab.page.wait_for_url(f"{url}?a=1#b")
        await expect(tab.find("start")).to_be_enabled()
        await expect(tab.find("hint")).to_contain_text("say hello")


@asynccontextmanager
async def proxied(target: str, path: str) -> AsyncIterator[str]:
    """Run a server that answers below a path as the target does at its root, and nowhere else."""

    async def forward(request: web.Request) -> web.Response:
        headers = {name: value for name, value in request.headers.items() if name != "Host"}
        url = target + request.match_info["rest"]
        async with (
            ClientSession(auto_decompress=False) as http,
            http.request(request.method, url, headers=headers, data=await request.read()) as answer,
        ):
            kept = {name: value for name, value in answer.headers.items() if name != "Transfer-Encoding"}
            return web.Response(status=answer.status, headers=kept, body=await answer.read())

    app = web.Application()
    app.router.add_route("*", path + "{slash:/?}{rest:.*}", forward)
    async with TestServer(app, host="127.0.0.1") as server:
        yield str(server.make_url(f"{path}/")).replace("127.0.0.1", "localhost")
