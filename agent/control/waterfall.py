"""Puts the stages of turns in order. Pure: instants are arguments, in seconds of one clock."""

from dataclasses import dataclass, field
from typing import Literal, get_args

By = Literal["speech", "text", "repeat", "opening"]

Stage = Literal["transcript", "first_token", "first_audio", "sent", "speaking"]

STAGES: tuple[Stage, ...] = get_args(Stage)

# Replies that are remembered. Of the replies that are prepared while the caller still speaks only the last is said, and
# few replies wait for each other.
_MOST_REPLIES = 16


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn as far as it has come.

    Attributes:
        number: From 1.
        by: The kind of request that it answers.
        stages: Seconds from its beginning to each stage that was reached, in the order of `STAGES`.
    """

    number: int
    by: By
    stages: dict[Stage, float]


class Waterfall:
    """Assigns the observed stages of replies to turns.

    A reply may be prepared before the caller has finished, and may never be used: its observations are kept until its
    turn begins. An observation belongs to the reply that it names, so that a late one of an interrupted reply never
    counts for the next.
    """

    def __init__(self) -> None:
        self._replies: dict[str, _Reply] = {}
        self._turns = 0

    def begin(self, reply: str, by: By, at: float, *, transcribed_at: float | None = None) -> Turn | None:
        """Begin the turn of a reply to a request that ended at `at`; return None if it had begun already."""
        record = self._record(reply)
        if record.number:
            return None
        if transcribed_at is not None:
            record.early["transcript"] = transcribed_at
        self._turns += 1
        record.number, record.by, record.began_at = self._turns, by, at
        for stage in STAGES:
            if stage in record.early:
                record.reach(stage, record.early[stage])
        return record.turn

    def reach(self, reply: str, stage: Stage, at: float) -> Turn | None:
        """Note that a reply has reached a stage; return its turn, or None if that changes nothing."""
        record = self._record(reply)
        if not record.number:
            record.early.setdefault(stage, at)
            return None
        return record.turn if record.reach(stage, at) else None

    def _record(self, reply: str) -> "_Reply":
        record = self._replies.setdefault(reply, _Reply())
        if len(self._replies) > _MOST_REPLIES:
            del self._replies[next(iter(self._replies))]
        return record


@dataclass(slots=True)
class _Reply:
    # Of its turn; 0 as long as it has none.
    number: int = 0
    by: By = "speech"
    began_at: float = 0.0
    early: dict[Stage, float] = field(default_factory=dict)
    stages: dict[Stage, float] = field(default_factory=dict)

    @property
    def turn(self) -> Turn:
        return Turn(self.number, self.by, dict(self.stages))

    def reach(self, stage: Stage, at: float) -> bool:
        """Note a stage, unless it or a later one was reached; return whether it was noted.

        A reply that was begun early may reach a stage before the one that precedes it, or before the caller has
        finished; the stage then took no time.
        """
        if any(later in self.stages for later in STAGES[STAGES.index(stage) :]):
            return False
        self.stages[stage] = max([0.0, at - self.began_at, *self.stages.values()])
        return True
