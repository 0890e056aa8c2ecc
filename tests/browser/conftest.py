"""Fixtures of the browser tests: one worker with its page, and a Chromium for each test."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp
import pytest
import pytest_asyncio

from agent.settings import DEFAULT_PERSONA
from demo.call.voices import StandIns
from demo.processes import answers, free_port
from tests.browser.chromium import chromium
from tests.browser.page import CallPage
from tests.browser.wav import write_wav
from tests.e2e.stage import ROOT, START, Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# Addresses of the tabs, from a network for examples (RFC 5737).
ADDRESSES = (f"192.0.2.{number}" for number in count(1))

PICTURES = Path(os.environ.get("SCREENSHOTS", ROOT / ".screenshots"))


@dataclass(frozen=True, slots=True)
class Studio:
    """The worker and its page.

    Attributes:
        stage: The LiveKit server and the stand-ins.
        url: The address of the page.
        directory: A directory for this test alone.
        site_port: Port of a site on 127.0.0.1 that may request tokens and embed the page.
    """

    stage: Stage
    url: str
    directory: Path
    site_port: int

    @asynccontextmanager
    async def tab(self, *script: str | float, loops: bool = False, url: str = "") -> AsyncIterator[CallPage]:
        """Open a tab that shows the page. An exception in the page fails the test.

        On the worker's own page each tab is a client of its own: together they ask more often than one client may.

        Args:
            script: The sound of the microphone: sentences, and seconds of silence. Without it there is only silence.
            loops: Whether the script is repeated.
            url: Address of the page; by default the worker's.
        """
        async with aiohttp.ClientSession() as http:
            wav = await write_wav(
                self.directory / "microphone.wav", StandIns(http, self.stage.stand_ins), script or (1.0,)
            )
        async with chromium(wav, loops=loops) as browser:
            page = await browser.new_page(
                viewport={"width": 1440, "height": 900},
                color_scheme="dark",
                extra_http_headers={} if url else {"X-Forwarded-For": next(ADDRESSES)},
            )
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            await page.goto(url or self.url)
            try:
                yield CallPage(page, PICTURES)
            except BaseException:
                print(*await page.get_by_test_id("log-line").all_text_contents(), sep="\n")  # noqa: T201 - pytest shows it
                raise
            assert errors == []


@pytest.fixture(scope="session")
def site_port() -> int:
    """Return the port of another site, which is started by the tests that need it."""
    return free_port()


# Nova's handbook in these tests: text in two directions, and markup, which has to stay text.
HANDBOOK = """# Warranty
The warranty lasts seven years. <img src=x onerror="document.title='run'"> <b>Keep the bill.</b>

# الضمان
مدة الضمان سبع سنوات. The warranty is the same everywhere.
"""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def page_url(stage: Stage, site_port: int, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """Yield the page of a worker that runs for all tests; its persona has a handbook."""
    port, folder = free_port(), tmp_path_factory.mktemp("personas")
    (folder / "handbook.md").write_text(HANDBOOK, "utf-8")
    persona = folder / DEFAULT_PERSONA.name
    persona.write_text(f'knowledge = ["handbook.md"]\n{DEFAULT_PERSONA.read_text("utf-8")}', "utf-8")
    # Some tests request calls that they don't join.
    settings = {
        "WEB_PORT": str(port),
        "TRUSTED_PROXIES": "127.0.0.1 ::1",
        "CALLER_GRACE": "15",
        "UNJOINED_CALLS_PER_CLIENT": "0",
        "PERSONA": str(persona),
    }
    site = f"http://127.0.0.1:{site_port}"
    settings |= {"WEB_ORIGINS": site, "WEB_FRAME_ANCESTORS": site}
    async with stage.worker(settings) as worker:
        url = f"http://localhost:{port}/"
        await worker.wait_until(lambda: answers(url), START)
        yield url


@pytest.fixture
def studio(stage: Stage, page_url: str, site_port: int, tmp_path: Path) -> Studio:
    """Return the worker and its page for one test."""
    return Studio(stage, page_url, tmp_path, site_port)
