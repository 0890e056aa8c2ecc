"""How long a worker waits for its calls."""

from typing import Any

import pytest

from agent.call import call
from agent.process.grace import CALL_END, drain_timeout
from agent.settings import Settings


@pytest.mark.parametrize(
    ("values", "seconds"),
    [
        ({}, 3600),
        ({"drain_timeout": 60}, 60),
        ({"stop_grace": 4000}, 3600),
        ({"stop_grace": 60}, 35),
        ({"stop_grace": 60, "drain_timeout": 5}, 5),
        ({"stop_grace": 10}, 0),
    ],
)
def test_the_goodbye_is_said_before_the_worker_is_killed(values: dict[str, Any], seconds: int) -> None:
    """STOP_GRACE limits the wait for calls, so that their end fits into it; a short one allows no wait."""
    assert drain_timeout(Settings.model_validate(values)) == seconds


def test_a_call_has_time_to_end() -> None:
    """The time is enough for its goodbye, its last events, and the stop of its avatar."""
    steps = (call._SILENCE_TIMEOUT, call._FAREWELL_TIMEOUT, call._LAST_EVENTS_TIMEOUT, call._STOP_TIMEOUT)

    assert sum(steps) <= CALL_END
