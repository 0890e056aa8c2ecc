"""What the stand-in for LiveAvatar has noted of calls: pure functions."""

from __future__ import annotations

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
        room: The LiveKit room that it was for.
        started_at: None if it never started.
        ended_at: None while it runs.
        spoken_at: When each utterance that was heard in it began.
    """

    room: str
    started_at: float | None
    ended_at: float | None
    spoken_at: tuple[float, ...] = ()

    @property
    def is_running(self) -> bool:
        """True while it is paid for."""
        return self.started_at is not None and self.ended_at is None


def read(books: Mapping[str, Any]) -> list[Session]:
    """Read the answer of the stand-in's `/stand-in/sessions`."""
    return [_read(each) for each in books["sessions"]]


def _read(each: Mapping[str, Any]) -> Session:
    starts = (utterance["started_at"] for utterance in each.get("utterances", ()))
    return Session(
        each["request"]["livekit_config"]["livekit_room"],
        each["started_at"],
        each["ended_at"],
        tuple(each["started_at"] + start for start in starts if start is not None),
    )


def spoken_after(sessions: Iterable[Session], room: str, instant: float) -> float | None:
    """Return when an utterance in a room first began after an instant; None if none did."""
    return min((at for each in sessions if each.room == room for at in each.spoken_at if at > instant), default=None)


def left(sessions: Iterable[Session]) -> int:
    """Count the sessions that run."""
    return sum(each.is_running for each in sessions)


def wrongly_stopped(sessions: Iterable[Session], struck: Collection[str], struck_at: float, left_at: float) -> int:
    """Count the sessions that ended while the agent and the callers of their calls were there.

    Args:
        sessions: Of all calls.
        struck: Rooms whose agents a fault took away: the sessions that these agents had are to be stopped.
        struck_at: When the fault struck.
        left_at: When the callers left.
    """
    return sum(
        each.started_at is not None
        and each.ended_at is not None
        and each.ended_at < left_at
        and (each.room not in struck or each.started_at > struck_at)
        for each in sessions
    )


def doubled(sessions: Iterable[Session]) -> int:
    """Count the pairs of sessions that were paid for at the same time for one room."""
    started = [each for each in sessions if each.started_at is not None]
    return sum(one.room == other.room and _shared(one, other) > OVERLAP for one, other in combinations(started, 2))


def _shared(one: Session, other: Session) -> float:
    """Return the seconds in which both ran; a session that runs has no end."""
    ends = [each.ended_at if each.ended_at is not None else float("inf") for each in (one, other)]
    return min(ends) - max(one.started_at or 0.0, other.started_at or 0.0)
