"""Write the tables of the control protocol into control.md: `python -m docs.control`."""

from collections.abc import Callable, Iterable
from pathlib import Path
from types import NoneType, UnionType
from typing import Literal, Union, get_args, get_origin

from pydantic import BaseModel

from agent.control.attributes import ATTRIBUTES
from agent.control.chat import COMMANDS
from agent.control.events import EVENTS
from agent.control.methods import METHODS, OTHER, SPEECH, Rate
from agent.control.refusal import CODES
from agent.tools.cards import CARDS, ListEntry
from docs.marked import filled

PAGE = Path(__file__).parent / "control.md"

_NAMES: dict[object, str] = {str: "string", int: "integer", float: "number", bool: "boolean", NoneType: "null"}
_NAMES |= {ListEntry: "entry"} | {card: f"{card.model_fields['type'].default} card" for card in CARDS}


def page_with_tables(page: str) -> str:
    """Return the page with the tables as they are in the code."""
    return filled(page, TABLES)


def methods() -> str:
    """List the payload, the answer and the effect of each method."""
    rows = (
        (f"`{name}`", _object(method.payload), _object(method.answer), _first_line(method.act))
        for name, method in METHODS.items()
    )
    return _table(("method", "payload", "answer", "what it does"), rows)


def rates() -> str:
    """List how often each method may be called."""
    rows = ((_names(rate), str(rate.burst), f"{rate.per_second:g}") for rate in (SPEECH, OTHER))
    return _table(("methods, in one bucket", "at once", "then, a second"), rows)


def errors() -> str:
    """List the meanings of the error codes."""
    return _table(("code", "meaning"), ((str(code), text) for code, text in CODES.items()))


def attributes() -> str:
    """List the attributes of the agent's participant."""
    return _table(("attribute", "value"), ((f"`{name}`", text) for name, text in ATTRIBUTES.items()))


def events() -> str:
    """List the events of a call."""
    rows = ((f"`{event.model_fields['type'].default}`", _first_line(event), _fields(event)) for event in EVENTS)
    return _table(("type", "when", "fields"), rows)


def cards() -> str:
    """List the cards that an event `card` may carry, and the entries of a list card."""
    rows = [(f"`{card.model_fields['type'].default}`", _first_line(card), _fields(card)) for card in CARDS]
    return _table(("type", "what it is", "fields"), [*rows, ("an entry", _first_line(ListEntry), _fields(ListEntry))])


def commands() -> str:
    """List the commands of the chat."""
    rows = ((text, f"`{method}`" if method else "") for method, text in COMMANDS.values())
    return _table(("line", "method"), rows)


TABLES: dict[str, Callable[[], str]] = {
    "methods": methods,
    "errors": errors,
    "rates": rates,
    "attributes": attributes,
    "events": events,
    "cards": cards,
    "commands": commands,
}


def _names(rate: Rate) -> str:
    return ", ".join(f"`{name}`" for name, method in METHODS.items() if method.rate == rate)


def _object(model: type[BaseModel]) -> str:
    fields = (f'"{name}": {_type(field.annotation)}' for name, field in model.model_fields.items())
    return f"`{{{', '.join(fields)}}}`"


def _fields(model: type[BaseModel]) -> str:
    fields = {name: field for name, field in model.model_fields.items() if name != "type"}
    return " <br> ".join(
        f"`{name}`: {', '.join(filter(None, (_type(field.annotation), field.description)))}"
        for name, field in fields.items()
    )


def _type(annotation: object) -> str:
    """Return the JSON name of a type."""
    if annotation in _NAMES:
        return _NAMES[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " | ".join(f'"{value}"' for value in arguments)
    if origin is dict:
        return f"object, a {_type(arguments[1])} by {_type(arguments[0])}"
    if origin is tuple:
        return f"array of {_type(arguments[0])}"
    if origin in {UnionType, Union}:
        return " | ".join(map(_type, arguments))
    return _type(arguments[0])


def _first_line(documented: object) -> str:
    return (documented.__doc__ or "").strip().splitlines()[0].rstrip(".")


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    cells = ([cell.replace("|", "\\|") for cell in line] for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


if __name__ == "__main__":
    PAGE.write_text(page_with_tables(PAGE.read_text("utf-8")), "utf-8")
