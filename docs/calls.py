"""Write the fields of a call's configuration into calls.md: `python -m docs.calls`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from agent.call_config import CallConfig
from docs.marked import filled

PAGE = Path(__file__).parent / "calls.md"


def page_with_fields(page: str) -> str:
    """Return the page with the fields as they are in the code."""
    return filled(page, {"fields": fields})


def fields() -> str:
    """Return a table of the fields, including those of nested objects."""
    schema = CallConfig.model_json_schema()
    rows = [f"| `{name}` | {description} |" for name, description in _described(schema, schema["$defs"])]
    return "\n".join(["| field | what it is |", "| --- | --- |", *rows])


def _described(
    schema: Mapping[str, Any], definitions: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[str, str]]:
    for name, field in schema["properties"].items():
        if "description" not in field:
            continue  # a table of the persona, which personas.md explains
        yield f"{prefix}{name}", field["description"]
        references = [kind["$ref"].rpartition("/")[2] for kind in field.get("anyOf", []) if "$ref" in kind]
        for reference in references:
            yield from _described(definitions[reference], definitions, f"{prefix}{name}.")


if __name__ == "__main__":
    PAGE.write_text(page_with_fields(PAGE.read_text("utf-8")), "utf-8")
