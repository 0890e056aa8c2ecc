"""Token buckets, with random times and keys."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.rate import Bucket, Buckets

BURSTS = st.integers(1, 20)
RATES = st.sampled_from([0.1, 0.5, 1.0, 5.0])
STEPS = st.lists(st.floats(0.0, 30.0), max_size=60)


def instants(steps: list[float]) -> list[float]:
    """Return increasing times from the steps between them."""
    return [sum(steps[: end + 1]) for end in range(len(steps))]


@given(burst=BURSTS, rate=RATES)
def test_a_burst_passes_at_once_and_one_more_does_not(burst: int, rate: float) -> None:
    """A new bucket is full, whatever the clock shows."""
    bucket = Bucket(burst, rate)

    assert [bucket.take(1e6) for _ in range(burst)] == [0.0] * burst
    assert bucket.take(1e6) > 0.0


@given(burst=BURSTS, rate=RATES, steps=STEPS)
def test_no_more_passes_than_the_burst_and_the_refill(burst: int, rate: float, steps: list[float]) -> None:
    """The number that passes is bounded by the time that went by."""
    bucket = Bucket(burst, rate)
    times = instants(steps)
    passed = sum(bucket.take(now) == 0.0 for now in times)

    assert passed <= burst + (times[-1] - times[0] if times else 0.0) * rate + 1e-6


@given(burst=BURSTS, rate=RATES, steps=STEPS)
def test_a_retry_after_the_given_time_passes(burst: int, rate: float, steps: list[float]) -> None:
    """A refused attempt costs nothing."""
    bucket = Bucket(burst, rate)
    for now in instants(steps):
        if wait := bucket.take(now):
            assert 0.0 < wait <= 1.0 / rate + 1e-9
            assert bucket.take(now + wait + 1e-6) == 0.0
            return


@given(burst=BURSTS, rate=RATES, back=st.floats(0.0, 1e6))
def test_a_clock_that_goes_back_refills_nothing(burst: int, rate: float, back: float) -> None:
    """This holds at once, and when the clock has caught up."""
    bucket = Bucket(burst, rate)
    for _ in range(burst):
        bucket.take(1e6)

    assert bucket.take(1e6 - back) > 0.0
    assert bucket.take(1e6) > 0.0


@given(keys=st.lists(st.text(max_size=3), max_size=60), most=st.integers(1, 5))
def test_the_number_of_remembered_keys_is_limited(keys: list[str], most: int) -> None:
    """A client with many addresses takes limited memory."""
    buckets = Buckets(1, 1.0, most)
    for key in keys:
        buckets.take(key, 0.0)
        assert len(buckets) <= most


def test_each_key_has_a_bucket_of_its_own() -> None:
    """A key that is used too often does not affect others; the least recently used key is dropped first."""
    buckets = Buckets(1, 0.5, 2)

    assert buckets.take("a", 0.0) == 0.0
    assert buckets.take("b", 0.0) == 0.0
    assert buckets.take("a", 0.0) == 2.0
    assert buckets.take("c", 0.0) == 0.0
    assert buckets.take("a", 0.0) == 2.0
    assert buckets.take("b", 0.0) == 0.0
