"""Limits of calls whose caller has not joined."""

from agent.web.unjoined import Unjoined, UnjoinedCalls


def test_a_clients_unjoined_calls_are_limited() -> None:
    """Another client still gets one; a refusal has the time until there is room again, in seconds."""
    calls = UnjoinedCalls(most=10, most_of_a_client=2)
    first, second = calls.begin("a", 0.0, 45.0), calls.begin("a", 5.0, 50.0)

    assert isinstance(first, Unjoined)
    assert isinstance(second, Unjoined)
    assert calls.begin("a", 10.0, 55.0) == 35.0
    assert isinstance(calls.begin("b", 10.0, 55.0), Unjoined)


def test_the_total_number_of_unjoined_calls_is_limited() -> None:
    """It holds for any number of clients, and counts clients that have no limit of their own."""
    calls = UnjoinedCalls(most=3, most_of_a_client=1)
    begun = [calls.begin("many", 0.0, 45.0, is_limited=False) for _ in range(2)]
    begun.append(calls.begin("a", 1.0, 46.0))

    assert all(isinstance(each, Unjoined) for each in begun)
    assert calls.begin("b", 5.0, 50.0) == 40.0


def test_a_call_that_ends_makes_room() -> None:
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


def test_zero_means_no_limit() -> None:
    """Any number of calls may be unjoined."""
    calls = UnjoinedCalls(most=0, most_of_a_client=0)

    assert all(isinstance(calls.begin("a", 0.0, 45.0), Unjoined) for _ in range(100))
