"""A headless Chromium whose camera and microphone are files."""

from __future__ import annotations

import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from playwright.async_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome")

FLAGS = (
    "--no-sandbox",  # a container can't create one
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # Otherwise Chromium hides the callers' addresses behind mDNS names, which are not resolved here.
    "--disable-features=WebRtcHideLocalIpsWithMdns",
)


def find_chromium() -> str:
    """Return the path of Chromium. Without one these tests fail: a skip would be taken for a pass."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    pytest.fail("there is no Chromium: on Debian and Ubuntu `apt-get install chromium`", pytrace=False)


@asynccontextmanager
async def chromium(microphone: Path, *, loops: bool = False) -> AsyncIterator[Browser]:
    """Yield a browser whose microphone plays a WAV file, once from the moment it is opened, or in a loop."""
    heard = f"--use-file-for-fake-audio-capture={microphone}{'' if loops else '%noloop'}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_chromium(), args=[*FLAGS, heard])
        try:
            yield browser
        finally:
            await browser.close()
