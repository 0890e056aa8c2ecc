"""Which refusals are tried again, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.decisions import seconds_to_wait
from avatar.errors import AvatarError, ConfigurationError, ConnectionLost, ServiceTimeout, SessionOver, service_error

CALL = "POST /v1/sessions/token"


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("LIVEAVATAR_API_KEY is missing"),
        service_error(CALL, status_code=401),
        service_error(CALL, status_code=403, body="forbidden"),
        service_error(CALL, status_code=402, body="payment required"),
        service_error(CALL, status_code=403, body="Not enough credits"),
        service_error(CALL, status_code=404, body="no such avatar"),
        service_error(CALL, status_code=422),
        SessionOver("another avatar would come in another room"),
    ],
    ids=str,
)
def test_what_trying_again_does_not_mend_is_left(error: AvatarError) -> None:
    """A wrong key, an unknown avatar, an empty account and a session that had the room are told once."""
    assert seconds_to_wait(error, 1, 0.5) is None


@given(st.floats(0.0, 1.0))
def test_a_slot_is_asked_for_every_few_seconds(jitter: float) -> None:
    """A full account has room when another call ends, which nobody tells."""
    wait = seconds_to_wait(service_error(CALL, status_code=403, code=4032, body="limit reached"), 7, jitter)

    assert wait is not None
    assert 5.0 <= wait <= 15.0


@given(st.floats(0.0, 1.0))
def test_too_many_calls_wait_as_long_as_they_are_told(jitter: float) -> None:
    """Not less than `Retry-After`, and not all at the same moment."""
    wait = seconds_to_wait(service_error(CALL, status_code=429, retry_after=3.0), 1, jitter)

    assert wait is not None
    assert 3.0 <= wait <= 3.5


def test_a_wait_that_nobody_would_wait_for_is_cut_to_a_minute() -> None:
    """A call that was told to come back in a day has ended by then."""
    assert seconds_to_wait(service_error(CALL, status_code=429, retry_after=86_400.0), 1, 0.0) == 60.0


@given(st.integers(1, 10_000), st.floats(0.0, 1.0))
def test_an_outage_is_waited_for_longer_each_time_up_to_a_minute(failures: int, jitter: float) -> None:
    """A service that is down, slow or away is asked again for as long as the call lasts, ever more rarely."""
    for error in (service_error(CALL, status_code=503), ServiceTimeout("late"), ConnectionLost("away")):
        wait = seconds_to_wait(error, failures, jitter)

        assert wait is not None
        assert 0.25 <= wait <= 60.0
        assert failures < 9 or wait >= 30.0
