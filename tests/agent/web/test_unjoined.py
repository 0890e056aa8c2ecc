"""The bounds of calls whose caller has not joined."""

from agent.web.unjoined import Unjoined, UnjoinedCalls


def test_a_client_has_few() -> None:
    """Another client still gets one; the time until there is room again is told."""
    calls = UnjoinedCalls(most=10, most_of_a_client=2)
    first, second = calls.begin("a", 0.0, 45.0), calls.begin("a", 5.0, 50.0)

    assert isinstance(first, Unjoined)
    assert isinstance(second, Unjoined)
    assert calls.begin("a", 10.0, 55.0) == 35.0
    assert isinstance(calls.begin("b", 10.0, 55.0), Unjoined)


def test_all_together_are_few() -> None:
    """However many clients they have; a client without a limit of its own counts too."""
    calls = UnjoinedCalls(most=3, most_of_a_client=1)
    begun = [calls.begin("many", 0.0, 45.0, is_limited=False) for _ in range(2)]
    begun.append(calls.begin("a", 1.0, 46.0))

    assert all(isinstance(each, Unjoined) for each in begun)
    assert calls.begin("b", 5.0, 50.0) == 40.0


def test_one_that_ends_makes_room() -> None:
    """A call counts until its caller joins or the wait ends."""
    calls = UnjoinedCalls(most=1, most_of_a_client=1)
    first = calls.begin("a", 0.0, 45.0)
    assert isinstance(first, Unjoined)
    calls.end(first)
    second = calls.begin("a", 1.0, 46.0)
    third = calls.begin("a", 46.0, 91.0)

    assert isinstance(second, Unjoined)
    assert isinstance(third, Unjoined)
    assert calls.all() == [third]


def test_no_limit_is_none() -> None:
    """0 stands for any number."""
    calls = UnjoinedCalls(most=0, most_of_a_client=0)

    assert all(isinstance(calls.begin("a", 0.0, 45.0), Unjoined) for _ in range(100))
