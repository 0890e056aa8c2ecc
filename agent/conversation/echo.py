"""Distinguishes a transcript of the agent's own voice, perhaps misheard, from words of a caller. Pure."""

from collections.abc import Sequence

# Letters of a transcript that may be wrong: three in ten, less two. So a short transcript has to be exact, since its
# words occur in any text by chance.
_WRONG = 0.3
_EXACT = 2

# When a caller speaks over the agent, their words stand at the end of the transcript. So at least this many letters at
# the end are judged separately: one in four of them may be wrong, and every second one of the last word.
_END_LETTERS = 6
_END_WRONG = 0.25
_LAST_WRONG = 0.5


def is_echo(heard: Sequence[str], said: Sequence[str]) -> bool:
    """Return whether a transcript is a part of the agent's speech, as speech-to-text may mishear it.

    Args:
        heard: The words of a transcript.
        said: The words that the agent has just said.
    """
    if not heard:
        return True
    transcript = f" {' '.join(heard)} "
    errors = _errors(transcript, f" {' '.join(said)} ")
    if errors[-1] > max(0.0, _WRONG * len(transcript) - _EXACT):
        return False
    return all(
        errors[-1] - errors[-1 - length] <= wrong * length
        for length, wrong in ((_end_of(heard), _END_WRONG), (len(heard[-1]) + 1, _LAST_WRONG))
    )


def _end_of(heard: Sequence[str]) -> int:
    """Count the characters of the last words that together have enough letters."""
    length = 0
    for word in reversed(heard):
        length += len(word) + 1
        if length > _END_LETTERS:
            break
    return length


def _errors(text: str, within: str) -> list[int]:
    """Align a text with the most similar part of another; return the errors up to each of its characters.

    Computes the edit distance with free ends of `within`, and traces it back from its end.
    """
    rows = [[0] * (len(within) + 1)]
    for number, character in enumerate(text, 1):
        above, row = rows[-1], [number]
        for column, other in enumerate(within, 1):
            row.append(min(above[column - 1] + (character != other), above[column] + 1, row[-1] + 1))
        rows.append(row)
    column = rows[-1].index(min(rows[-1]))
    errors = [rows[-1][column]]
    for above, row, character in zip(rows[-2::-1], rows[:0:-1], reversed(text), strict=True):
        while column and row[column] == row[column - 1] + 1:
            column -= 1
        if column and row[column] == above[column - 1] + (character != within[column - 1]):
            column -= 1
        errors.append(above[column])
    return errors[::-1]
