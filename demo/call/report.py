"""The report of a call: a table, and a transcript."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from demo.call.call import Call
    from demo.call.turns import Outcome

CAPTION: Final = (
    "answered: recognised from the avatar's own track. first sound: from the end of the caller's speech to the "
    "avatar's first sound. silence: from the start of the barge-in to the avatar's silence."
)


def table(call: Call) -> Table:
    """Return the table of a call's turns."""
    result = Table(title="The call", caption=CAPTION, caption_justify="left", show_lines=True)
    for title in ("", "said", "heard by the agent", "answered"):
        result.add_column(title, overflow="fold")
    for title in ("first sound ms", "silence ms"):
        result.add_column(title, justify="right", width=7)
    result.add_column("ok")
    for number, outcome in enumerate(call.outcomes, 1):
        said = f"{outcome.turn.says} [dim](barges in)[/]" if outcome.turn.barges_in else outcome.turn.says
        times = (_ms(outcome.to_first_sound), _ms(outcome.to_silence))
        verdict = "[red]no[/]" if outcome.problems else "[green]yes[/]"
        result.add_row(str(number), said, outcome.heard, outcome.answered, *times, verdict)
    return result


def progress(outcome: Outcome) -> str:
    """Return the line that is shown when a turn is over."""
    silence = "" if outcome.to_silence is None else f"silent after {_ms(outcome.to_silence)} ms, "
    return f"  “{outcome.turn.says}” {silence}answered after {_ms(outcome.to_first_sound)} ms"


def show(console: Console, call: Call, directory: Path) -> None:
    """Show the table and the problems, and write the transcript next to the video."""
    (directory / "transcript.txt").write_text(transcript(call), "utf-8")
    console.print("", table(call))
    for problem in problems(call):
        console.print(f"[red]{problem}[/]")
    if call.recording.error:
        console.print(f"[yellow]no video: {call.recording.error}[/]")
    console.print(f"Video, picture and transcript are in {directory}/", highlight=False)


def problems(call: Call) -> list[str]:
    """Return the problems, one line each."""
    return [
        f"turn {number}: {problem}" for number, outcome in enumerate(call.outcomes, 1) for problem in outcome.problems
    ]


def transcript(call: Call) -> str:
    """Return the call in words: what each side said, and what the other side heard."""
    lines = [f"agent    {call.opening}", ""] if call.opening else []
    for outcome in call.outcomes:
        lines += _turn(outcome)
    return "\n".join([*lines, *problems(call), ""])


def _turn(outcome: Outcome) -> list[str]:
    return [
        f"caller   {outcome.turn.says}" + (" (barges in)" if outcome.turn.barges_in else ""),
        f"  heard    {outcome.heard}",
        f"agent    {outcome.captioned}",
        f"  heard    {outcome.answered}",
        f"  first sound after {_ms(outcome.to_first_sound)} ms"
        + (f", silence {_ms(outcome.to_silence)} ms after the barge-in" if outcome.turn.barges_in else ""),
        "",
    ]


def _ms(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f}"
