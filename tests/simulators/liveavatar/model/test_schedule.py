"""Actions that are due at an instant."""

from __future__ import annotations

from simulators.liveavatar.model.schedule import Schedule


def test_actions_are_done_in_the_order_of_their_instants() -> None:
    """Actions of one instant come in the order of their planning, and none that is not due."""
    schedule, done = Schedule(), list[tuple[str, float]]()
    for name, at in (("late", 3.0), ("first", 1.0), ("second", 1.0), ("third", 2.0)):
        schedule.at(at, lambda now, name=name: done.append((name, now)))  # type: ignore[misc] # the loop's name
    schedule.run(2.0)

    assert done == [("first", 1.0), ("second", 1.0), ("third", 2.0)]
    assert schedule.next_at() == 3.0


def test_action_that_an_action_makes_due_is_done_as_well() -> None:
    """An action that is due at once runs in the same pass."""
    schedule, done = Schedule(), list[float]()
    schedule.at(1.0, lambda now: schedule.at(now, done.append))
    schedule.run(1.0)

    assert done == [1.0]
    assert schedule.next_at() is None
