"""The simulation of a fleet."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from benchmarks.load.fleet_model import Fleet, Inputs, Policy
from benchmarks.load.simulation import main, results, simulate
from tests.deploy.dockerfile import ROOT

if TYPE_CHECKING:
    from benchmarks.load.fleet_model import Outcome

FULL = Inputs(calls=20, burst=20, workers=4, slots=5, call_takes=600)
CALLS = Inputs().calls


def run(inputs: Inputs, policy: Policy) -> Outcome:
    """Run the fleet once with a seed of its own."""
    return Fleet(inputs, policy, Random(7)).run()  # noqa: S311 - no secret


def test_the_same_seed_gives_the_same_outcome() -> None:
    """Figures can be reproduced."""
    assert simulate(Inputs(), 3) == simulate(Inputs(), 3)
    assert simulate(Inputs(), 3) != simulate(Inputs(), 4)


@pytest.mark.parametrize("policy", Policy)
def test_no_call_is_lost_and_no_slot_is_oversold(policy: Policy) -> None:
    """Every call is refused or gets an agent, and the account's slots are never exceeded."""
    outcome = run(Inputs(), policy)

    assert outcome.refused + len(outcome.first_words) == CALLS
    assert outcome.refused + outcome.faceless + len(outcome.faces) >= CALLS
    assert outcome.most_slots == Inputs().slots


def test_only_calls_without_admission_are_refused_by_liveavatar() -> None:
    """With admission the account's count decides, without a request to LiveAvatar."""
    assert run(FULL, Policy.BLIND).vendor_refusals > 15
    assert [run(FULL, policy).vendor_refusals for policy in Policy if policy is not Policy.BLIND] == [0, 0, 0]


def test_overflow_is_refused_only_where_that_is_the_policy() -> None:
    """As many calls as there are slots are taken, all with an avatar."""
    refusing, talking = run(FULL, Policy.REFUSE), run(FULL, Policy.VOICE)

    assert (refusing.refused, refusing.faceless, len(refusing.faces)) == (15, 0, 5)
    assert talking.refused == 0
    assert talking.faceless > 0


def test_a_call_that_waited_too_long_continues_by_voice() -> None:
    """No avatar comes later than the patience, a request and the session's start."""
    inputs = Inputs()
    waited = run(inputs, Policy.WAIT)

    assert (
        max(waited.faces) <= inputs.patience + inputs.retry_every + inputs.session_start[1] + 3 * inputs.process_start
    )
    assert max(run(inputs, Policy.VOICE).faces) > 100


def test_a_burst_waits_for_processes() -> None:
    """If each worker has one process ready, a burst waits for more of them."""
    few, many = Inputs(workers=2, calls_per_worker=40, idle_processes=1), Inputs(workers=2, calls_per_worker=40)

    assert max(run(few, Policy.VOICE).first_words) > max(run(many, Policy.VOICE).first_words)


def test_full_workers_get_no_call() -> None:
    """A call for which no worker has capacity is refused, whatever the account has."""
    outcome = run(
        Inputs(calls=50, workers=2, calls_per_worker=2, load_age=0, burst_takes=9, call_takes=600), Policy.BLIND
    )

    assert outcome.fullest == 2
    assert outcome.refused == 46


def test_inputs_can_be_given(capsys: pytest.CaptureFixture[str]) -> None:
    """Inputs are given by name on the command line."""
    main(["--calls", "50", "--workers", "3", "--seed", "9"])
    said = capsys.readouterr().out

    assert said.startswith("seed=9 calls=50 burst=50")
    assert results(simulate(Inputs(calls=50, workers=3), 9)) in said


def test_the_page_has_the_results() -> None:
    """The results in the page are current; `make simulation` prints them again."""
    assert results(simulate(Inputs(), 1)) in (ROOT / "docs/operations.md").read_text("utf-8")
