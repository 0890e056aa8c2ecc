"""A call from the framework's side: the audio output, and its reports."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livekit.agents.voice.io import AudioOutput, PlaybackFinishedEvent

    from benchmarks.truth import Truth

_POLL = 0.02

# Seconds of silence at the avatar after which no more speech is expected.
_QUIET = 0.3

# Seconds that a report may be late after that.
_REPORT_TIMEOUT = 1.5

_SETTLE_TIMEOUT = 15.0


@dataclass(frozen=True, slots=True)
class Report:
    """One `playback_finished`."""

    at: float
    position: float
    interrupted: bool


class Call:
    """An audio output, its reports, and the stand-in's view of the call.

    Attributes:
        voice: The plugin's audio output, as the framework holds it.
        truth: The stand-in's view of the session.
        reports: Every `playback_finished` since the start, in order.
    """

    def __init__(self, voice: AudioOutput, truth: Truth) -> None:
        self.voice = voice
        self.truth = truth
        self.reports: list[Report] = []
        self._loop = asyncio.get_running_loop()
        voice.on("playback_finished", self._note)

    @property
    def now(self) -> float:
        """The event loop's time."""
        return self._loop.time()

    def barge_in(self, *, flushed: bool) -> None:
        """Silence the avatar as the framework does: flush the segment if it is open, then clear."""
        if not flushed:
            self.voice.flush()
        self.voice.clear_buffer()

    async def settle(self, reports: int) -> None:
        """Wait until the avatar is silent and `reports` reports have come; give up on a plugin that hangs."""
        deadline = self.now + _SETTLE_TIMEOUT
        silent_since = self.now
        while self.now < deadline:
            if not self.truth.is_silent:
                silent_since = self.now
            silence = self.now - silent_since
            if silence > _QUIET + (0.0 if len(self.reports) >= reports else _REPORT_TIMEOUT):
                return
            await asyncio.sleep(_POLL)

    def _note(self, event: PlaybackFinishedEvent) -> None:
        self.reports.append(Report(self.now, event.playback_position, event.interrupted))
