"""Assumptions of this product about LiveAvatar, and whether a recorded call confirms them. Pure.

Each assumption lists the numbers of the field observations that support it (docs/protocol.md).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from agent.doctor.recorded import RecordedCall


class Outcome(Enum):
    """Whether a call confirms an assumption."""

    CONFIRMED = "confirmed"
    CONTRADICTED = "contradicted"
    NOT_SEEN = "not seen"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one assumption in one call.

    Attributes:
        outcome: Whether the assumption holds.
        seen: The observation, with its numbers.
    """

    outcome: Outcome
    seen: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """A behaviour of LiveAvatar that the product relies on.

    Attributes:
        facts: Numbers of the field observations that support it.
        text: One sentence.
        judge: Returns the verdict for a call.
    """

    facts: str
    text: str
    judge: Callable[[RecordedCall], Verdict]


NOT_SEEN = Verdict(Outcome.NOT_SEEN, "")


def verdict(seen: str, *, holds: bool) -> Verdict:
    """Return the verdict for an observation."""
    return Verdict(Outcome.CONFIRMED if holds else Outcome.CONTRADICTED, seen)


def within(seconds: float | None, limit: float) -> Verdict:
    """Return the verdict for a time that must not exceed a limit."""
    return NOT_SEEN if seconds is None else verdict(f"{seconds:.2f} s", holds=seconds <= limit)


def between(begin: float | None, end: float | None) -> float | None:
    """Return the seconds from one time to another; None if one of them is not known."""
    return None if begin is None or end is None else end - begin
