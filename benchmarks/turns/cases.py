"""The set's cases: what the callers say, and how many turns that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

# Sounds without words. The first is a long "ah", which voice activity detection takes for speech.
NOISE: Final = "<noise>"
LAUGHTER: Final = "<laughter>"
MUSIC: Final = "<music>"


@dataclass(frozen=True, slots=True)
class Case:
    """One caller.

    Attributes:
        name: The case's name.
        says: Texts, which synthetic voices speak, sounds without words, and pauses in seconds.
        turns: How many turns that is.
        over_story: True if the caller speaks while the agent tells a story.
        echo_db: Level at which the agent's own voice comes back into the microphone, below 0; None if it does not.
        background: Text that a second voice speaks at the same time, 20 dB quieter than the caller.
    """

    name: str
    says: tuple[str | float, ...]
    turns: int = 1
    over_story: bool = False
    echo_db: float | None = None
    background: str = ""


def _dictated(pause: float) -> tuple[str | float, ...]:
    return ("my number is", pause, "five five one", pause, "two three four", pause, "and then nine")


CASES: Final = (
    Case("a greeting", ("hello can you hear me",)),
    Case("a question", ("what time is it in london",)),
    Case("one word", ("okay",)),
    Case("a request behind a filler", ("well", 0.4, "tell me what time it is")),
    *(Case(f"a number, pauses of {pause:g} s", _dictated(pause)) for pause in (0.4, 0.6, 0.9, 1.2, 1.6)),
    Case("an address, pauses of 0.5 s", ("i live in london", 0.5, "in the third house", 0.5, "by the sea")),
    Case("okay, over the story", ("okay",), turns=0, over_story=True),
    Case("all right, over the story", ("all right",), turns=0, over_story=True),
    Case("a noise over the story", (NOISE,), turns=0, over_story=True),
    Case("laughter over the story", (LAUGHTER,), turns=0, over_story=True),
    Case("music over the story", (MUSIC,), turns=0, over_story=True),
    Case("stop please, over the story", ("stop please",), over_story=True),
    Case("a question over the story", ("what time is it in london",), over_story=True),
    *(
        Case(f"its own voice at {level} dB", (8.0,), turns=0, over_story=True, echo_db=level)
        for level in (-12, -20, -30)
    ),
    *(
        Case(f"stop please, over its own voice at {level} dB", ("stop please",), over_story=True, echo_db=level)
        for level in (-20, -30)
    ),
    Case("a question, a second voice behind it", ("what time is it in london",), background="tell me a story"),
)
