"""Puts the stages of turns in order. Pure: instants are arguments, in seconds of one clock."""

from dataclasses import dataclass, field
from typing import Literal, get_args

By = Literal["speech", "text", "repeat", "opening"]

Stage = Literal["transcript", "first_token", "first_audio", "sent", "speaking"]

STAGES: tuple[Stage, ...] = get_args(Stage)

# Replies that are remembered. Of those that are made while the caller still speaks only the last is said, and few wait
# for each other.
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
    """Puts what is observed of replies into turns.

    A reply is prepared before it is known that the caller has finished, and may not be used: what is observed of it
    waits until its turn begins. An observation belongs to the reply that it names, so that news of a reply that was
    interrupted never counts for the next.
    """

    def __init__(self) -> None:
        self._replies: dict[str, _Reply] = {}
        self._turns = 0

    def begin(self, reply: str, by: By, at: float, *, transcribed_at: float | None = None) -> Turn | None:
        """Begin the turn of a reply to what ended at `at` and was text at `transcribed_at`; None if it had begun."""
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
        """Note that a reply has come to a stage; None if that changes nothing."""
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
    number: int = 0  # of its turn; 0 as long as it has none
    by: By = "speech"
    began_at: float = 0.0
    early: dict[Stage, float] = field(default_factory=dict)
    stages: dict[Stage, float] = field(default_factory=dict)

    @property
    def turn(self) -> Turn:
        return Turn(self.number, self.by, dict(self.stages))

    def reach(self, stage: Stage, at: float) -> bool:
        """Note a stage, unless it or one behind it was reached.

        A stage of a reply that was begun early may have been reached before the stage in front of it, or before the
        caller had finished; it then took no time.
        """
        if any(later in self.stages for later in STAGES[STAGES.index(stage) :]):
            return False
        self.stages[stage] = max([0.0, at - self.began_at, *self.stages.values()])
        return True
