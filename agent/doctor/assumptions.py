"""What this product assumes about LiveAvatar, and whether a recorded call confirms it. Pure.

Each assumption has the numbers of the field observations behind it (docs/protocol.md).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from agent.doctor.recorded import RecordedCall


class Outcome(Enum):
    """What a call says about an assumption."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one call says about one assumption.

    Attributes:
        outcome: Whether it holds.
        seen: What was seen, with its numbers.
    """

    outcome: Outcome
    seen: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """Something that the product relies on.

    Attributes:
        facts: Numbers of the field observations behind it.
        text: One sentence.
        judge: Gives the verdict of a call.
    """

    facts: str
    text: str
    judge: Callable[[RecordedCall], Verdict]


NOT_SEEN = Verdict(Outcome.NOT_SEEN, "")


def verdict(seen: str, *, holds: bool) -> Verdict:
    """Give the verdict of something that was seen."""
    return Verdict(Outcome.CONFIRMED if holds else Outcome.CONTRADICTED, seen)


def within(seconds: float | None, limit: float) -> Verdict:
    """Give the verdict of a time that must not be longer than a limit."""
    return NOT_SEEN if seconds is None else verdict(f"{seconds:.2f} s", holds=seconds <= limit)


def between(begin: float | None, end: float | None) -> float | None:
    """Give the seconds from one time to another; None if one of them is not known."""
    return None if begin is None or end is None else end - begin
