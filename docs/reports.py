"""Write the tables of reports and webhooks into reports.md: `python -m docs.reports`."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from agent.reports.events import EVENTS, EventData
from agent.reports.prices import UNITS, Price, load_prices
from agent.reports.redaction import PATTERNS
from agent.reports.report import PARTS
from docs.marked import filled

PAGE = Path(__file__).parent / "reports.md"


def page_with_tables(page: str) -> str:
    """Return the page with the tables as they are in the code."""
    return filled(page, TABLES)


def fields() -> str:
    """List the fields of the report and of its parts."""
    return "\n\n".join(f"**{part.__name__}**: {_first_line(part)}\n\n{_fields(part)}" for part in PARTS)


def events() -> str:
    """List the events, each with its fields in addition to the call's."""
    common = set(EventData.model_fields)
    rows = ((f"`{name}`", _first_line(event), _listed(event, without=common)) for name, event in EVENTS.items())
    return _table(("type", "when", "`data`, beside the call's"), rows)


def call_fields() -> str:
    """List the fields of the call that every event has."""
    return _fields(EventData)


def prices() -> str:
    """List the prices in the default file."""
    book = load_prices()
    rows = ((each.vendor, f"`{each.model}`", _rates(each)) for each in book.price)
    return _table(("vendor", "model begins with", f"{book.currency} for each unit"), rows)


def redaction() -> str:
    """List the kinds of text that are masked."""
    return "\n".join(f"- {kind}" for kind in PATTERNS)


TABLES: dict[str, Callable[[], str]] = {
    "events": events,
    "call": call_fields,
    "fields": fields,
    "prices": prices,
    "redaction": redaction,
}


def _rates(price: Price) -> str:
    rates = price.model_dump(include=set(UNITS), exclude_none=True)
    return ", ".join(f"{unit} {rate:g}" for unit, rate in rates.items())


def _fields(model: type[BaseModel]) -> str:
    properties: Mapping[str, Mapping[str, Any]] = model.model_json_schema()["properties"]
    rows = ((f"`{name}`", _type(field), field.get("description", "")) for name, field in properties.items())
    return _table(("field", "type", "meaning"), rows)


def _listed(model: type[BaseModel], *, without: Iterable[str]) -> str:
    properties: Mapping[str, Mapping[str, Any]] = model.model_json_schema()["properties"]
    return " <br> ".join(
        f"`{name}`: {', '.join(filter(None, (_type(field), field.get('description', ''))))}"
        for name, field in properties.items()
        if name not in set(without)
    )


def _type(schema: Mapping[str, Any]) -> str:
    """Name the type of a JSON schema."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(map(_type, schema["anyOf"]))
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]))
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if schema.get("format") == "date-time":
        return "ISO 8601"
    return str(schema.get("type", "any"))


def _first_line(documented: object) -> str:
    return (documented.__doc__ or "").strip().splitlines()[0].rstrip(".")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text("utf-8")), "utf-8")
