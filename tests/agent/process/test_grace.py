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
    """With STOP_GRACE calls are waited for until they have to end; where it is short, not at all."""
    assert drain_timeout(Settings.model_validate(values)) == seconds


def test_a_call_has_the_time_to_end() -> None:
    """Its goodbye, its last events, and the stop of its avatar."""
    steps = (call._SILENCE_TIMEOUT, call._FAREWELL_TIMEOUT, call._LAST_EVENTS_TIMEOUT, call._STOP_TIMEOUT)

    assert sum(steps) <= CALL_END
