"""The next deadline among instants."""

from avatar.core.deadline import next_after


def test_the_first_later_instant_counts() -> None:
    """An instant that has come or never comes is no deadline."""
    assert next_after(5.0, [None, 9.0, 5.0, float("-inf"), 7.0, float("inf")]) == 7.0


def test_without_a_later_instant_there_is_no_deadline() -> None:
    """What is due now is done already, and nothing waits for infinity."""
    assert next_after(5.0, [None, 5.0, float("inf")]) is None
