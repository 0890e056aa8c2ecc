"""Write diagrams of the core's state tables into protocol.md: `python -m docs.tables`."""

from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from avatar.core.session import SESSION_TRANSITIONS
from avatar.core.sink import FLOOR_TRANSITIONS, MUTE_TRANSITIONS, TRACK_TRANSITIONS
from avatar.core.utterance import UTTERANCE_TRANSITIONS
from avatar.core.wish import WISH_TRANSITIONS

PAGE = Path(__file__).parent / "protocol.md"
START, END = "<!-- tables -->\n", "<!-- /tables -->"

Table = Mapping[Any, Mapping[Any, Any]]

TABLES: dict[str, Table] = {
    "A session of the service": SESSION_TRANSITIONS,
    "What the call wants": WISH_TRANSITIONS,
    "The floor: which sink plays": FLOOR_TRANSITIONS,
    "The fallback track": TRACK_TRANSITIONS,
    "Whether the others in the room hear an avatar": MUTE_TRANSITIONS,
    "One utterance at a sink": UTTERANCE_TRANSITIONS,
}


def page_with_tables(page: str) -> str:
    """Return the page with the tables as they are in the code."""
    before, rest = page.split(START)
    after = rest.split(END)[1]
    diagrams = "\n".join(diagram(title, table) for title, table in TABLES.items())
    return f"{before}{START}{diagrams}{END}{after}"


def diagram(title: str, table: Table) -> str:
    """Return a Mermaid diagram, which GitHub and most Markdown viewers draw; the table's first state is the start."""
    moves: dict[tuple[str, str], list[str]] = {}
    for state, row in table.items():
        for trigger, to in row.items():
            if to is not state:
                moves.setdefault((_name(state), _name(to)), []).append(str(trigger.value))
    lines = [f"    {state} --> {to}: {' / '.join(triggers)}" for (state, to), triggers in moves.items()]
    start = f"    [*] --> {_name(next(iter(table)))}"
    return "\n".join([f"{title}:", "", "```mermaid", "stateDiagram-v2", start, *lines, "```", ""])


def _name(state: Enum) -> str:
    return state.name.lower()


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text("utf-8")), "utf-8")
