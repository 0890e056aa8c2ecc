"""Habits on the command line: `name=value`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin, get_type_hints

from simulators.liveavatar.model import DIALECTS, Dialect, Habits
from simulators.liveavatar.model.habits import about_habits

if TYPE_CHECKING:
    from collections.abc import Iterable

_TYPES = get_type_hints(Habits)
_WORDS: dict[str, object] = {"true": True, "false": False, "none": None}


def with_habits(habits: Habits, changes: Iterable[str]) -> Habits:
    """Change habits with texts such as `start_takes=15`.

    Raises:
        ValueError: A name is unknown, or a value does not suit it.
    """
    values: dict[str, Any] = {}
    for change in changes:
        name, _, value = change.partition("=")
        if name not in _TYPES:
            message = f"no habit is called {name}"
            raise ValueError(message)
        values[name] = _read(name, value)
    return replace(habits, **values)


def describe_habits() -> str:
    """List all habits, each with its default and its description."""
    usual = Habits()
    lines = [f"  {name}={_write(getattr(usual, name))}: {about.text}" for name, about in about_habits().items()]
    return "\n".join(lines)


def _read(name: str, text: str) -> object:
    for kind in _kinds(_TYPES[name]):
        try:
            return _read_as(kind, text)
        except (ValueError, KeyError):
            continue
    message = f"{name} cannot be {text!r}"
    raise ValueError(message)


def _kinds(hint: object) -> list[object]:
    """Return the types that a habit may have: one, or those of a union."""
    return [hint] if get_origin(hint) in (Literal, tuple) or not get_args(hint) else list(get_args(hint))


def _read_as(kind: object, text: str) -> object:
    if get_origin(kind) is Literal:
        return {str(word): word for word in get_args(kind)}[text]
    if get_origin(kind) is tuple:
        return tuple(int(part) for part in text.split(",") if part)
    if kind is Dialect:
        return DIALECTS[text]
    if kind in (bool, type(None)):
        value = _WORDS[text]
        if type(value) is not kind:
            raise ValueError
        return value
    return int(text) if kind is int else float(text)


def _write(value: object) -> str:
    if isinstance(value, Dialect):
        return value.name
    if isinstance(value, tuple):
        return ",".join(str(part) for part in value)
    return {str(word): name for name, word in _WORDS.items()}.get(str(value), str(value))
