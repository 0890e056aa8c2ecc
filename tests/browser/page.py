"""The page of a call as a person uses it: what is visible, pressed and heard."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from playwright.async_api import expect

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.async_api import Locator, Page

JOINS_MS = 40_000
HAPPENS_MS = 30_000

Theme = Literal["dark", "light"]

# A phone, a tablet, a small laptop's window without the browser's own bars, and a desktop.
SIZES = ((360, 800), (768, 1024), (1366, 657), (1920, 1080))

# Measures the level of all audio that the page plays.
HEARS = """
() => {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  const seen = new Set();
  window.loudest = 0;
  setInterval(() => {
    for (const element of document.querySelectorAll("audio, video")) {
      const stream = element.srcObject;
      if (stream && stream.getAudioTracks().length && !seen.has(stream)) {
        seen.add(stream);
        context.createMediaStreamSource(stream).connect(analyser);
      }
    }
    const samples = new Float32Array(analyser.fftSize);
    analyser.getFloatTimeDomainData(samples);
    window.level = Math.max(...samples.map(Math.abs));
    window.loudest = Math.max(window.loudest, window.level);
  }, 20);
}
"""

FRAMES = "video => video.getVideoPlaybackQuality().totalVideoFrames"

# The lowest level that counts as speech, of 1; a silent track is below 0.001.
SOUND = 0.02


@dataclass(frozen=True, slots=True)
class CallPage:
    """One tab of a browser.

    Attributes:
        page: Playwright's page.
        pictures: Directory of the screenshots.
    """

    page: Page
    pictures: Path

    def find(self, test_id: str) -> Locator:
        """Return an element by its `data-testid`."""
        return self.page.get_by_test_id(test_id)

    async def start(self) -> None:
        """Press Start for a new call, and wait until the avatar is visible and its opening line is over."""
        await self.find("start").click()
        await self.is_greeted()

    async def is_greeted(self) -> None:
        """Wait until the avatar is visible and its opening line is over."""
        # The agent also listens for a moment before it.
        await self.is_state("speaking", within=JOINS_MS)
        await self.is_live()

    async def is_live(self) -> None:
        """Wait until the avatar is visible and the agent listens."""
        await expect(self.find("video")).to_be_visible(timeout=JOINS_MS)
        await self.listen()
        await self.is_state("listening")

    async def talk(self, text: str) -> None:
        """Send a text for the agent to answer."""
        await self.find("text").fill(text)
        await self.find("talk").click()

    async def close(self) -> None:
        """Close the call."""
        await self.find("close").click()
        await expect(self.find("start")).to_be_visible()

    async def listen(self) -> None:
        """Measure the page's level from now on."""
        await self.page.evaluate(HEARS)

    async def is_state(self, *states: str, within: float = HAPPENS_MS) -> None:
        """Wait until the agent is in one of these states."""
        one_of = ", ".join(f'[data-testid="agent-state"][data-state="{state}"]' for state in states)
        await expect(self.page.locator(one_of)).to_be_visible(timeout=within)

    async def caption(self, speaker: str, text: str, *, state: str = "final") -> Locator:
        """Wait for a caption with this text in it, in that state."""
        captions = self.page.locator(f'[data-testid="caption"][data-speaker="{speaker}"][data-state="{state}"]')
        found = captions.filter(has_text=text).last
        await expect(found).to_be_visible(timeout=HAPPENS_MS)
        return found

    async def moves(self) -> None:
        """Wait until the avatar has shown more frames than now."""
        shown = await self.find("video").evaluate(FRAMES)
        await self.page.wait_for_function(
            f"before => ({FRAMES})(document.querySelector('[data-testid=video]')) > before + 5",
            arg=shown,
            timeout=HAPPENS_MS,
        )

    async def sounds(self) -> None:
        """Wait until the page is audible."""
        await self.page.wait_for_function(f"() => window.level > {SOUND}", timeout=HAPPENS_MS)

    async def falls_silent(self) -> None:
        """Wait until the page has been silent for half a second."""
        await self.page.wait_for_function(
            f"""() => {{
              if (window.level > {SOUND}) window.loudAt = performance.now();
              return performance.now() - (window.loudAt ?? 0) > 500;
            }}""",
            polling=20,
            timeout=HAPPENS_MS,
        )

    async def details(self) -> Any:
        """Return the connection details that the tab keeps for a reload; None outside a call."""
        return await self.page.evaluate("JSON.parse(sessionStorage.getItem('connection-details'))")

    async def resize(self, width: int, height: int) -> None:
        """Give the window another size, in CSS pixels."""
        await self.page.set_viewport_size({"width": width, "height": height})

    async def width_of_content(self) -> int:
        """Return the width in CSS pixels; if it is more than the window's, the page scrolls sideways."""
        width: int = await self.page.evaluate("document.documentElement.scrollWidth")
        return width

    async def picture(self, name: str) -> None:
        """Keep a screenshot of the window."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=self.pictures / f"{name}.png", full_page=False)

    async def pictures_of_all_sizes(self, name: str) -> None:
        """Keep a screenshot of each of `SIZES`, in both themes."""
        for theme in get_args(Theme):
            await self.page.emulate_media(color_scheme=theme)
            for width, height in SIZES:
                await self.resize(width, height)
                await self.picture(f"{name}-{width}-{theme}")
