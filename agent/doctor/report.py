"""The doctor's output."""

from collections import Counter

import typer

from agent.doctor.assumptions import Outcome
from agent.doctor.finding import Finding
from agent.doctor.recorded import RecordedCall
from agent.doctor.rest_assumptions import REST
from agent.doctor.speech_assumptions import SPEECH
from agent.doctor.waterfall import draw, steps

ASSUMPTIONS = (*REST, *SPEECH)

_COLORS = {Outcome.CONFIRMED: "green", Outcome.CONTRADICTED: "red", Outcome.NOT_SEEN: "yellow"}


def report_findings(findings: list[Finding]) -> bool:
    """Print a line for each finding.

    Returns:
        Whether all of them are good.
    """
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        mark = typer.style("ok", fg="green") if finding.good else typer.style("no", fg="red", bold=True)
        typer.echo(f"{mark}  {finding.what:<{width}}  {finding.text}")
    return all(finding.good for finding in findings)


def report_call(call: RecordedCall) -> None:
    """Print the waterfall of a call, and its verdict on each assumption."""
    typer.echo()
    for line in draw(steps(call)):
        typer.echo(line)
    typer.echo()
    outcomes = Counter[Outcome]()
    for assumption in ASSUMPTIONS:
        verdict = assumption.judge(call)
        outcomes[verdict.outcome] += 1
        mark = typer.style(f"{verdict.outcome.value:<12}", fg=_COLORS[verdict.outcome])
        seen = f" ({verdict.seen})" if verdict.seen else ""
        typer.echo(f"{mark}  {assumption.facts:<6}  {assumption.text}{seen}")
    typer.echo(", ".join(f"{outcomes[outcome]} {outcome.value}" for outcome in Outcome))
