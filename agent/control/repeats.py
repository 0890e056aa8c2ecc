"""The texts of `repeat` requests, by their ids."""

import uuid
from collections.abc import Sequence

from agent.control.payloads import RepeatState
from agent.speech.sentence import Sentence, SentenceState

# Repeats that are remembered; beyond it the oldest is forgotten.
_MOST = 100

# The state of a repeat is the first of these that any of its sentences has; if none has one, it is finished.
_ORDER = (SentenceState.STARTED, SentenceState.QUEUED, SentenceState.FAILED, SentenceState.INTERRUPTED)


class Repeats:
    """The sentences of the last hundred repeats."""

    def __init__(self) -> None:
        self._repeats: dict[str, Sequence[Sentence]] = {}

    def add(self, sentences: Sequence[Sentence]) -> str:
        """Remember the sentences of a repeat; return its id."""
        repeat = uuid.uuid4().hex
        self._repeats[repeat] = sentences
        if len(self._repeats) > _MOST:
            del self._repeats[next(iter(self._repeats))]
        return repeat

    def get(self, repeat: str) -> Sequence[Sentence] | None:
        """Return the sentences of a repeat; None if it is unknown or was forgotten."""
        return self._repeats.get(repeat)


def state_of(repeat: str, sentences: Sequence[Sentence]) -> RepeatState:
    """Sum up the sentences of a repeat."""
    durations = [each.duration for each in sentences if each.duration is not None]
    is_whole = len(durations) == len(sentences)
    return RepeatState.model_validate(
        {
            "id": repeat,
            "state": _state([each.state for each in sentences]).value,
            "duration_ms": round(1000.0 * sum(durations)) if is_whole else None,
            "played_ms": round(1000.0 * sum(each.position for each in sentences)),
        }
    )


def _state(states: Sequence[SentenceState]) -> SentenceState:
    if SentenceState.QUEUED in states and set(states) != {SentenceState.QUEUED}:
        return SentenceState.STARTED  # between two sentences
    return next((each for each in _ORDER if each in states), SentenceState.FINISHED)
