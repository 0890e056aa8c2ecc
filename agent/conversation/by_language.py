"""Chooses from a table by language. Pure."""

from collections.abc import Mapping
from typing import TypeVar

Found = TypeVar("Found")


def by_language(table: Mapping[str, Found], language: str, otherwise: Found) -> Found:
    """Return the entry of a language.

    Args:
        table: By language, in two letters.
        language: A code such as `en-US`; `multi` is English.
        otherwise: For a language that the table does not have.
    """
    code = language.split("-", maxsplit=1)[0].lower()
    return table.get("en" if code == "multi" else code, otherwise)
