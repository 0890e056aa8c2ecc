"""The sessions that the stand-in for LiveAvatar has noted: pure functions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

# Seconds for which two sessions of one room may overlap: the new one starts while the old one is being stopped.
OVERLAP = 2.0


@dataclass(frozen=True, slots=True)
class Session:
    """A session; times in Unix seconds.

    Attributes:
        room: Its LiveKit room.
        started_at: None if it never started.
        ended_at: None while it runs.
        utterances: Number of its utterances that were heard so far. They have no times: on a busy machine the stand-in
            plays later than it notes.
    """

    room: str
    started_at: float | None
    ended_at: float | None
    utterances: int = 0

    @property
    def is_running(self) -> bool:
        """True while it is billed."""
        return self.started_at is not None and self.ended_at is None


def read(books: Mapping[str, Any]) -> list[Session]:
    """Read the answer of the stand-in's `/stand-in/sessions`."""
    return [_read(each) for each in books["sessions"]]


def _read(each: Mapping[str, Any]) -> Session:
    return Session(
        each["request"]["livekit_config"]["livekit_room"],
        each["started_at"],
        each["ended_at"],
        sum(utterance["started_at"] is not None for utterance in each.get("utterances", ())),
    )


def spoken(sessions: Iterable[Session], room: str) -> int:
    """Count the utterances in a room, in all of its sessions."""
    return sum(each.utterances for each in sessions if each.room == room)


def left(sessions: Iterable[Session], rooms: Collection[str]) -> int:
    """Count the running sessions, except for one in each room with callers."""
    running = Counter(each.room for each in sessions if each.is_running)
    return sum(count - (room in rooms) for room, count in running.items())


def wrongly_stopped(sessions: Iterable[Session], struck: Collection[str], since: float) -> int:
    """Count the sessions that have ended although the agent and the callers of their calls are there.

    Args:
        sessions: The sessions of all calls; none of their callers has left.
        struck: Rooms whose agents a fault took away: the sessions of these agents have to be stopped.
        since: When the fault struck.
    """
    return sum(
        each.started_at is not None
        and each.ended_at is not None
        and each.ended_at > since
        and (each.room not in struck or each.started_at > since)
        for each in sessions
    )


def doubled(sessions: Iterable[Session], since: float) -> int:
    """Count the pairs of sessions that were billed at the same time for one room, from `since` on."""
    started = [each for each in sessions if each.started_at is not None]
    return sum(
        one.room == other.room and _shared(one, other, since) > OVERLAP for one, other in combinations(started, 2)
    )


def _shared(one: Session, other: Session, since: float) -> float:
    """Return the seconds in which both ran, infinite if both still run; 0 if both had started before `since`."""
    start = max(one.started_at or 0.0, other.started_at or 0.0)
    ends = [each.ended_at if each.ended_at is not None else float("inf") for each in (one, other)]
    return min(ends) - start if start > since else 0.0
