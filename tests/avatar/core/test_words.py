"""Where speech resumes after it was cut within a word."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.core.words import Word, cut_at


@st.composite
def spoken(draw: st.DrawFn) -> list[Word]:
    """Draw words of 0.1 to 1 s, with and without gaps between them."""
    lengths = draw(st.lists(st.tuples(st.floats(0.0, 0.5), st.floats(0.1, 1.0)), min_size=1, max_size=20))
    ends = list(itertools.accumulate(itertools.chain.from_iterable(lengths)))
    return [Word(start, end) for start, end in zip(ends[::2], ends[1::2], strict=True)]


@given(spoken(), st.floats(0.0, 1.0))
def test_at_most_one_word_is_said_twice_and_none_is_lost(words: list[Word], where: float) -> None:
    """Wherever speech is cut, it resumes there or earlier, and repeats only one word that had begun."""
    position = where * words[-1].end
    start = cut_at(position, words)

    if start is None:
        assert position >= words[-1].end
        return
    assert 0 <= start <= position
    whole = [word for word in words if start <= word.start and word.end <= position]
    assert len(whole) <= 1
    assert all(not word.start < start < word.end for word in words), "speech resumes within a word"


@pytest.mark.parametrize(("position", "start"), [(0.3, 0.0), (0.5, 0.45), (1.2, 1.0), (2.3, None)])
def test_a_cut_word_is_said_again_from_its_start(position: float, start: float | None) -> None:
    """Within a word it is the word's start, in a gap the gap; after the last known word it is unknown."""
    assert cut_at(position, [Word(0.0, 0.4), Word(1.0, 2.0)]) == start
