"""The page of the persona file has each of its fields."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from pydantic import BaseModel

from agent.evaluation.scenario import Scenario, ToolCall, Turn
from agent.persona import Persona
from agent.settings import DEFAULT_PERSONA

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

DOCS = Path(__file__).parents[2] / "docs"

# Fields that have pages of their own.
ELSEWHERE = {"knowledge", "http_tools", "mcp", "transfer"}


def fields_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield the names of all fields, with the table's name before its fields; `*` is any key."""
    for name, field in model.model_fields.items():
        if field.exclude:  # not part of the file
            continue
        inner = [field.annotation, *get_args(field.annotation)]
        table = next((each for each in inner if isinstance(each, type) and issubclass(each, BaseModel)), None)
        is_by_key = table is not None and table is not field.annotation
        # The voice of a language has the same fields as `[voice]`.
        if table is None or prefix or name in ELSEWHERE:
            yield f"{prefix}{name}"
        else:
            yield from fields_of(table, f"{prefix}{name}.*." if is_by_key else f"{prefix}{name}.")


def rows_of(page: str) -> list[str]:
    """Return the fields of the page's tables."""
    return re.findall(r"^\| `([\w.*]+)` \|", (DOCS / page).read_text("utf-8"), re.MULTILINE)


def test_the_page_explains_every_field_of_a_persona_file() -> None:
    """Each field is explained once, and no other."""
    assert sorted(rows_of("personas.md")) == sorted(fields_of(Persona))


def test_the_default_persona_names_every_table() -> None:
    """A table may be named in a comment, for readers who copy the file."""
    text = DEFAULT_PERSONA.read_text("utf-8")
    tables = {name.split(".")[0] for name in fields_of(Persona) if "." in name}

    assert [table for table in tables if f"# [{table}" not in text] == []


def test_the_comments_of_the_default_persona_are_valid(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uncommented, table by table, they are accepted: a copy of the file works."""
    for name in ("SHOP_TOKEN", "CRM_TOKEN"):
        monkeypatch.setenv(name, "secret")
    lines = DEFAULT_PERSONA.read_text("utf-8").splitlines()
    begin = next(index for index, line in enumerate(lines) if line.startswith("# ["))
    examples = [line.removeprefix("# ") for line in lines[begin:] if re.match(r"# (\[|\w+ = )", line)]
    given = tomllib.loads("\n".join([*lines[:begin], *examples]))

    persona = Persona.model_validate(given | {"language": "multi"})
    assert (persona.silence.is_on, bool(persona.languages), bool(persona.hearing.key_terms)) == (True, True, True)


def test_the_page_explains_every_field_of_a_scenario() -> None:
    """The fields of turns and calls are included."""
    fields = {*Scenario.model_fields, *Turn.model_fields, *ToolCall.model_fields}

    assert sorted(rows_of("eval.md")) == sorted(fields)
