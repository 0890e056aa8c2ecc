"""Slots and credits."""

from __future__ import annotations

from typing import Any

import pytest

from simulators.liveavatar.model import WAYNE_ID, Habits
from tests.simulators.liveavatar.model.client import Client, bearer

SANDBOX = {"avatar_id": WAYNE_ID, "is_sandbox": True}


def try_start(client: Client, **changes: object) -> Any:
    """Return the answer to a start."""
    created = client.create(**changes)
    return client.call("POST", "/v1/sessions/start", headers=bearer(created["session_token"]))


@pytest.mark.parametrize("code", [4032, 4003])
def test_start_is_refused_when_all_slots_are_taken(code: int) -> None:
    """The start, and not the token call, is refused with one of two codes and the same message (fact 62)."""
    client = Client(Habits(concurrency=1, concurrency_code=code))
    client.start()
    answer = try_start(client)

    assert (answer.status, answer.body["code"]) == (403, code)
    assert answer.body["message"] == "Session concurrency limit reached"


def test_stop_frees_its_slot_with_a_delay() -> None:
    """The slot is free seconds after the answer to the stop (fact 63)."""
    client = Client(Habits(concurrency=1, start_takes=0.0, token_takes=0.0))
    client.stop(client.start())

    assert try_start(client).status == 403
    client.wait(2.5)
    assert try_start(client).status == 201


def test_sandbox_has_one_slot_of_its_own() -> None:
    """The sandbox's slot does not depend on the plan (fact 80)."""
    client = Client()
    client.start(**SANDBOX)

    assert try_start(client, **SANDBOX).status == 403
    assert try_start(client).status == 201


@pytest.mark.parametrize("code", [4033, 4000])
def test_start_is_refused_without_a_minutes_credit(code: int) -> None:
    """The refusal has a code of its own, or only a message (fact 64); with overage the start is accepted (fact 66)."""
    answer = try_start(Client(Habits(credits=0.9, no_credits_code=code)))

    assert (answer.status, answer.body["code"], answer.body["message"]) == (403, code, "Insufficient credits")
    assert try_start(Client(Habits(credits=0.0, has_overage=True))).status == 201


def test_minutes_are_billed_by_the_second() -> None:
    """95 s were 1.6 credits (fact 66); the sandbox costs nothing (fact 80)."""
    client = Client(Habits(credits=10.0))
    session, sandbox = client.start(), client.start(**SANDBOX)
    client.wait(95.0 - client.session(session).seconds(client.now))
    client.stop(session)

    assert client.session(session).billed_seconds(client.now) == pytest.approx(95.0)
    assert client.model.credits_left(client.now) == pytest.approx(10.0 - 95 / 60)
    assert client.session(sandbox).billed_seconds(client.now) == 0.0
    assert client.model.billed_seconds(client.now) == pytest.approx(95.0)


def test_sessions_end_when_the_credits_are_used_up() -> None:
    """All sessions end as soon as nothing is left."""
    client = Client(Habits(credits=2.0))
    first, second = client.start(), client.start()
    client.wait(120.0)

    assert {client.session(session).end_reason for session in (first, second)} == {"NO_CREDITS"}
    assert client.model.credits_left(client.now) == pytest.approx(0.0, abs=1e-6)
    assert client.model.billed_seconds(client.now) == pytest.approx(120.0)
