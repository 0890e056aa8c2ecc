"""Write the table of the HTTP API into http-api.md: `python -m docs.http_api`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.web.openapi import OPERATIONS
from docs.marked import filled

PAGE = Path(__file__).parent / "http-api.md"

_ACCESS = {
    "all": "all",
    "callers": "callers, with the secret where one is set",
    "backends": "backends, with the secret",
}


def page_with_tables(page: str) -> str:
    """Return the page with the table as it is in the code."""
    return filled(page, TABLES)


def routes() -> str:
    """List the routes: who may ask, body and answer."""
    lines = ["| request | who may ask | body | answer | what it does |", "| --- | --- | --- | --- | --- |"]
    for (method, path), operation in OPERATIONS.items():
        cells = (
            f"`{method} {path}`",
            _ACCESS[operation.access],
            _name(operation.body),
            f"{operation.status.value} {_name(operation.answer)}".strip(),
            operation.summary,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


TABLES: dict[str, Callable[[], str]] = {"routes": routes}


def _name(model: Any) -> str:
    name = getattr(model, "__name__", "")
    return f"`{name}`" if name not in {"", "dict", "Nothing"} else ""


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text("utf-8")), "utf-8")
