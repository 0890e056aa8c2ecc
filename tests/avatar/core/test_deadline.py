"""The next deadline among instants."""

from avatar.core.deadline import next_after


def test_the_first_later_instant_counts() -> None:
    """An instant that has passed or is infinite is not a deadline."""
    assert next_after(5.0, [None, 9.0, 5.0, float("-inf"), 7.0, float("inf")]) == 7.0


def test_without_a_later_instant_there_is_no_deadline() -> None:
    """Nothing has to wait for an instant that is now, or infinite."""
    assert next_after(5.0, [None, 5.0, float("inf")]) is None
