"""Write the results of the fault tests into reliability.md: `make reliability`."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

PAGE = Path(__file__).parent / "reliability.md"
START, END = "<!-- seen -->\n", "<!-- /seen -->"

Row = Mapping[str, str | int | None]


def page_with_rows(page: str, rows: Sequence[Row]) -> str:
    """Return the page with a table of these rows."""
    before, rest = page.split(START)
    after = rest.split(END)[1]
    return f"{before}{START}{table(rows)}{END}{after}"


def table(rows: Sequence[Row]) -> str:
    """Return a table in Markdown, in the order of the rows."""
    lines = ["| fault | what the caller heard | what we do | sessions |", "| --- | --- | --- | --- |"]
    for row in rows:
        sessions = "" if row["sessions"] is None else row["sessions"]
        lines.append(f"| {row['fault']} | {row['heard']} | {row['action']} | {sessions} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    rows = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    PAGE.write_text(page_with_rows(PAGE.read_text("utf-8"), rows), "utf-8")
