"""When each character is spoken. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

import numpy as np

if TYPE_CHECKING:
    from simulators.speech import Speech


class Alignment(TypedDict):
    """Characters and their times, as the WebSocket API words it."""

    chars: list[str]
    charStartTimesMs: list[int]
    charDurationsMs: list[int]


@dataclass(frozen=True, slots=True)
class Timing:
    """The characters of a text, each with its start and end in milliseconds from the start of its context.

    The vendor's reference calls these times relative to a chunk. LiveKit's plugin adds no offset to what this API sends
    (it does for the dialogue API), so they have to go on through a context, or its captions would start over.
    """

    characters: str
    starts_ms: list[int]
    end_ms: int

    def between(self, from_ms: int, to_ms: int) -> Alignment | None:
        """The part that begins in this stretch of audio; None when no character does."""
        chosen = [index for index, start in enumerate(self.starts_ms) if from_ms <= start < to_ms]
        if not chosen:
            return None
        ends = [*self.starts_ms[1:], self.end_ms]
        return Alignment(
            chars=[self.characters[index] for index in chosen],
            charStartTimesMs=[self.starts_ms[index] for index in chosen],
            charDurationsMs=[ends[index] - self.starts_ms[index] for index in chosen],
        )


def align(text: str, speech: Speech, *, starts_at: float, ends_at: float) -> Timing:
    """Time every character of `text` from its words' times.

    Args:
        text: What was spoken.
        speech: The speech of exactly this text.
        starts_at: Second of the context at which this speech starts.
        ends_at: Second at which it ends, the pause after it included.
    """
    positions, seconds = [0], [0.0]
    for match, word in zip(re.finditer(r"\S+", text), speech.words, strict=True):
        positions += [match.start(), match.end()]
        seconds += [word.start, word.end]
    times = np.interp(np.arange(len(text)), positions, seconds) + starts_at
    return Timing(text, [round(1000 * float(time)) for time in times], round(1000 * ends_at))
