"""The rate limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from simulators.liveavatar import Habits, Options
from simulators.liveavatar.model.rates import RateLimit

if TYPE_CHECKING:
    from tests.simulators.liveavatar.conftest import Serve

CALLS = 20


@given(limit=st.integers(1, 5), instants=st.lists(st.integers(0, 40), max_size=40))
def test_the_limit_of_calls_passes_in_each_second(limit: int, instants: list[int]) -> None:
    """The window is fixed: a new second starts at zero; instants are in tenths of a second."""
    rate = RateLimit(limit)
    passed = [at // 10 for at in sorted(instants) if not rate.take("key", "token", now=at / 10).is_exceeded]

    for second in range(5):
        asked = sum(at // 10 == second for at in instants)
        assert passed.count(second) == min(asked, limit)


def test_each_credential_and_each_endpoint_has_its_own_window() -> None:
    """One window's calls do not count in another, and the time until the next window is given."""
    rate = RateLimit(1)
    first = rate.take("key", "token", now=7.25)

    assert (first.remaining, first.reset, first.is_exceeded) == (0, 1, False)
    assert not rate.take("key", "credits", now=7.3).is_exceeded
    assert not rate.take("other", "token", now=7.3).is_exceeded
    assert rate.take("key", "token", now=7.3).is_exceeded
    assert not rate.take("key", "token", now=8.0).is_exceeded


async def test_a_call_beyond_the_limit_is_answered_with_429(serve: Serve) -> None:
    """The refusal says when to come back, and every reply says how many calls are left."""
    stand_in = await serve(Options(habits=Habits.fast(rate_limit=2)))
    answers = await asyncio.gather(*(stand_in.get("/v1/users/credits") for _ in range(CALLS)))
    refused = [answer for answer in answers if answer.status == 429]

    assert refused
    assert {(answer.body["code"], answer.headers["Retry-After"]) for answer in refused} == {(429, "1")}
    assert all(answer.headers["X-RateLimit-Limit"] == "2" for answer in answers)
    assert {answer.headers["X-RateLimit-Remaining"] for answer in answers} == {"0", "1"}
    assert "X-RateLimit-Limit" not in (await stand_in.get("/stand-in/sessions")).headers


async def test_there_is_no_limit_by_default(serve: Serve) -> None:
    """No header mentions a limit either."""
    stand_in = await serve(Options(habits=Habits.fast()))
    answers = await asyncio.gather(*(stand_in.get("/v1/users/credits") for _ in range(CALLS)))

    assert {answer.status for answer in answers} == {200}
    assert "X-RateLimit-Limit" not in answers[0].headers
