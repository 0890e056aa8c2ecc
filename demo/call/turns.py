"""The caller's turns, the expected answers, and the outcomes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of the caller.

    Attributes:
        says: Plain words, as the agent should understand them.
        expects: Words of which the answer must have at least one; empty for any answer.
        leaves_after: Seconds of the answer after which the next turn begins; None to wait for its end.
        barges_in: True if it is said during an answer, which must then stop.
    """

    says: str
    expects: frozenset[str] = frozenset()
    leaves_after: float | None = None
    barges_in: bool = False


# Words of an answer that tells the time, whichever city the agent understood.
TIMES_OF_DAY: Final = frozenset({"clock", "morning", "afternoon", "evening", "night"})

SCRIPT: Final = (
    Turn("hello can you hear me", frozenset({"hello", "hear", "yes"})),
    Turn("what time is it in london", TIMES_OF_DAY),
    Turn("tell me a story", leaves_after=4.0),
    Turn("stop please", barges_in=True),
    Turn("thank you goodbye", frozenset({"goodbye", "bye", "welcome"})),
)

# The share of the caller's words that the agent must have understood: speech recognition is not tested here, and a busy
# machine distorts sound. One of two words is enough.
UNDERSTOOD: Final = 0.5

# The share of the recognised words that the agent must have said: with less, it is another answer, or an old one.
SAME: Final = 0.5


@dataclass(slots=True)
class Outcome:
    """The outcome of a turn.

    Attributes:
        turn: The turn.
        heard: The caller's words as the agent understood them, from its own transcript.
        answered: The answer, as recognised from the avatar's audio track.
        captioned: The answer, from the agent's own transcript.
        to_first_sound: Seconds from the end of the caller's speech to the avatar's first sound.
        to_silence: Seconds from the start of a barge-in to the avatar's silence.
        problems: The problems, in words; empty if the turn is good.
    """

    turn: Turn
    heard: str = ""
    answered: str = ""
    captioned: str = ""
    to_first_sound: float | None = None
    to_silence: float | None = None
    problems: list[str] = field(default_factory=list)

    def judge_words(self) -> None:
        """Add the problems of the words."""
        if part_in(self.heard, of=self.turn.says) < UNDERSTOOD:
            self.problems.append(f"the agent understood “{self.heard}”")
        if not self.answered:
            self.problems.append("no words were recognised in the answer")
        elif part_in(self.captioned, of=self._heard_of_answer()) < SAME:
            self.problems.append(f"the avatar was heard saying “{self.answered}”, the agent says “{self.captioned}”")
        elif self.turn.expects and not self.turn.expects & set(words(f"{self.answered} {self.captioned}")):
            self.problems.append(f"the answer has none of: {', '.join(sorted(self.turn.expects))}")

    def _heard_of_answer(self) -> str:
        """Give what was heard of the answer alone.

        An answer that was interrupted goes on for a moment if the words of the barge-in are recognised late.
        """
        heard = self.answered.split()
        return " ".join(heard[-len(self.captioned.split()) :] if self.turn.barges_in else heard)


def part_in(text: str, *, of: str) -> float:
    """Return the share of the words of one text that are in another, 0 to 1."""
    found, asked = set(words(text)), words(of)
    return sum(word in found for word in asked) / len(asked)


def words(text: str) -> list[str]:
    """Return the words of a text in lower case."""
    return re.findall(r"[a-z']+", text.lower())
