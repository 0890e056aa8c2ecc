"""Draws the state tables of the core into protocol.md: `python -m docs.tables`."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TypeVar

from avatar.core.link import LINKS, Link
from avatar.core.speech import TRANSITIONS, State

PAGE = Path(__file__).parent / "protocol.md"
START, END = "<!-- tables -->\n", "<!-- /tables -->"

From = TypeVar("From", bound=Enum)
Trigger = TypeVar("Trigger", bound=Enum)


def page_with_tables(page: str) -> str:
    """The page with the tables as they are in the code."""
    before, rest = page.split(START)
    after = rest.split(END)[1]
    link = diagram("The connection", Link.AWAY, LINKS)
    speech = diagram("One speech at the service", State.GIVEN, TRANSITIONS)
    return f"{before}{START}{link}\n{speech}{END}{after}"


def diagram(title: str, first: Enum, table: Mapping[From, Mapping[Trigger, From]]) -> str:
    """A Mermaid diagram; GitHub and most viewers of Markdown draw it."""
    moves: dict[tuple[str, str], list[str]] = {}
    for state, row in table.items():
        for trigger, to in row.items():
            if to is not state:
                moves.setdefault((state.name.lower(), to.name.lower()), []).append(str(trigger.value))
    lines = [f"    {state} --> {to}: {' / '.join(triggers)}" for (state, to), triggers in moves.items()]
    start = f"    [*] --> {first.name.lower()}"
    return "\n".join([f"{title}:", "", "```mermaid", "stateDiagram-v2", start, *lines, "```", ""])


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text("utf-8")), "utf-8")
