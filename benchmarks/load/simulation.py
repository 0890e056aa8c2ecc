"""`python -m benchmarks.load.simulation`: a fleet in bursts of callers, with and without admission by slots."""

from __future__ import annotations

import argparse
from dataclasses import fields
from random import Random
from statistics import quantiles
from typing import TYPE_CHECKING

from benchmarks.load.fleet_model import Fleet, Inputs, Outcome, Policy
from docs.marked import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HEAD = (
    "policy",
    "join to first word, p50 / p99",
    "join to face, p50 / p99",
    "refused",
    "never a face",
    "sessions that LiveAvatar refused",
    "fullest worker",
)


def simulate(inputs: Inputs, seed: int) -> dict[Policy, Outcome]:
    """Let the same callers come under each policy."""
    return {policy: Fleet(inputs, policy, Random(seed)).run() for policy in Policy}  # noqa: S311 - no secret


def results(outcomes: dict[Policy, Outcome]) -> str:
    """Return the table of results."""
    return table(HEAD, (_row(policy, outcome) for policy, outcome in outcomes.items()))


def inputs_of(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> tuple[Inputs, int]:
    """Read inputs and seed from the command line; a pair of times is fixed."""
    for each in fields(Inputs):
        if not isinstance(each.default, tuple):
            parser.add_argument(f"--{each.name.replace('_', '-')}", type=type(each.default), default=each.default)
    parser.add_argument("--seed", type=int, default=1)
    asked = vars(parser.parse_args(arguments))
    return Inputs(**{name: value for name, value in asked.items() if name != "seed"}), asked["seed"]


def _row(policy: Policy, outcome: Outcome) -> tuple[str, ...]:
    counts = (outcome.refused, outcome.faceless, outcome.vendor_refusals, outcome.fullest)
    return (policy.value, _spread(outcome.first_words), _spread(outcome.faces), *map(str, counts))


def _spread(seconds: Sequence[float]) -> str:
    cuts = quantiles(seconds, n=100, method="inclusive")
    return f"{cuts[49]:.1f} / {cuts[98]:.1f} s"


def _inputs(inputs: Inputs) -> Iterator[str]:
    return (f"{each.name}={getattr(inputs, each.name)}" for each in fields(inputs))


def main(arguments: Sequence[str] | None = None) -> None:
    """Simulate, and print inputs and results."""
    inputs, seed = inputs_of(argparse.ArgumentParser(prog="python -m benchmarks.load.simulation"), arguments)
    print(f"seed={seed}", *_inputs(inputs))  # noqa: T201 - a program's output
    print(results(simulate(inputs, seed)))  # noqa: T201


if __name__ == "__main__":
    main()
