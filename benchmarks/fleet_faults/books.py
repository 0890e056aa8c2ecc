"""What the books of LiveAvatar's stand-in say about calls: pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Seconds for which two sessions of one room may overlap: the new one starts while the old one is being stopped.
OVERLAP = 2.0


@dataclass(frozen=True, slots=True)
class Session:
    """A session in the books; times in Unix seconds.

    Attributes:
        room: The LiveKit room that it was for.
        started_at: None if it never started.
        ended_at: None while it runs.
        utterances: Speech in it so far.
    """

    room: str
    started_at: float | None
    ended_at: float | None
    utterances: int

    @property
    def is_running(self) -> bool:
        """Whether it is paid for."""
        return self.started_at is not None and self.ended_at is None


def read(books: Mapping[str, Any]) -> list[Session]:
    """Read the answer of the stand-in's `/stand-in/sessions`."""
    return [
        Session(
            each["request"]["livekit_config"]["livekit_room"],
            each["started_at"],
            each["ended_at"],
            len(each.get("utterances", ())),
        )
        for each in books["sessions"]
    ]


def spoken(sessions: Iterable[Session], room: str) -> int:
    """Count the utterances in a room, in all of its sessions."""
    return sum(each.utterances for each in sessions if each.room == room)


def left(sessions: Iterable[Session]) -> int:
    """Count the sessions that run."""
    return sum(each.is_running for each in sessions)


def doubled(sessions: Iterable[Session]) -> int:
    """Count the pairs of sessions that were paid for at the same time for one room."""
    started = [each for each in sessions if each.started_at is not None]
    return sum(one.room == other.room and _shared(one, other) > OVERLAP for one, other in combinations(started, 2))


def _shared(one: Session, other: Session) -> float:
    """Seconds in which both ran; a session that runs is without end."""
    ends = [each.ended_at if each.ended_at is not None else float("inf") for each in (one, other)]
    return min(ends) - max(one.started_at or 0.0, other.started_at or 0.0)
