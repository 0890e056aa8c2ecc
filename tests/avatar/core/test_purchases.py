"""The times at which a session may be requested."""

import pytest

from avatar.core.purchases import Purchases
from avatar.core.refusal import Refusal
from avatar.core.timings import Timings

T = Timings()


def purchases() -> Purchases:
    """Return purchases with the jitter in the middle."""
    return Purchases(T, lambda: 0.5)


@pytest.mark.parametrize("refusal", [Refusal.NO_CREDITS, Refusal.UNAUTHORIZED, Refusal.INVALID, Refusal.ROOM_GONE])
def test_a_refusal_that_needs_a_person_is_final(refusal: Refusal) -> None:
    """No further attempt is made."""
    assert purchases().refused(refusal, None, 0, 0.0) is None


def test_unanswered_attempts_back_off() -> None:
    """The waits double, up to a minute."""
    asks = purchases()
    waits = [asks.refused(Refusal.UNREACHABLE, None, 0, 0.0) for _ in range(10)]

    assert waits[:4] == [0.375, 0.75, 1.5, 3.0]
    assert waits[-1] == 45.0


def test_an_own_slot_is_requested_often_and_remembered() -> None:
    """Our slot is requested twice a second until our last session frees it; afterwards no two sessions overlap."""
    asks = purchases()
    asks.stopped(100.0)

    assert asks.refused(Refusal.NO_SLOT, None, 0, 101.0) == pytest.approx(0.5)
    assert asks.fits(0)
    assert not asks.fits(1)


def test_a_slot_of_others_is_requested_more_and_more_rarely() -> None:
    """A slot held by other calls is requested every 2 s at first, and every 10 s later."""
    asks = purchases()
    waits = [asks.refused(Refusal.NO_SLOT, None, 0, 0.0) for _ in range(6)]

    assert waits[0] == pytest.approx(2.0)
    assert waits[-1] == pytest.approx(10.0)
    assert asks.slots is None


def test_the_service_may_set_the_wait() -> None:
    """A rate limit states its wait."""
    asks = purchases()
    asks.refused(Refusal.RATE_LIMITED, 7.0, 0, 0.0)

    assert asks.allowed_at == pytest.approx(7.25)


def test_repeated_failures_increase_the_wait() -> None:
    """The first wait is only the time in which a room may close; a session that lived long is not a failure."""
    asks = purchases()
    waits = []
    for _ in range(8):
        asks.ended(1.0, 0.0, failed=True)
        waits.append(asks.allowed_at)

    assert waits == [0.3, 3.0, 6.0, 12.0, 30.0, 60.0, 120.0, 120.0]

    asks = purchases()
    asks.ended(T.proven, 0.0, failed=True)
    assert asks.allowed_at == pytest.approx(0.3)


def test_purchases_are_bounded() -> None:
    """The 21st session in ten minutes waits until the first is ten minutes old; definite refusals do not count."""
    asks = purchases()
    for number in range(T.purchases):
        asks.asked(float(number))
    assert asks.allowed_at == T.purchase_window

    asks.refused(Refusal.RATE_LIMITED, 0.1, 0, 20.0)
    assert asks.allowed_at < 21.0


def test_engaging_again_forgets_failures() -> None:
    """A person who wants the avatar back does not wait because of old failures."""
    asks = purchases()
    for _ in range(7):
        asks.ended(1.0, 0.0, failed=True)
    asks.reset()

    assert asks.allowed_at == float("-inf")
