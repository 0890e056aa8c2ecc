"""Reads what a recorder has written."""

import json
from pathlib import Path
from typing import Any


def text_in(directory: Path) -> str:
    """The one recording in a directory."""
    [file] = directory.iterdir()
    return file.read_text()


def lines_in(directory: Path) -> list[dict[str, Any]]:
    """Its lines, without the first, which tells the version of the form."""
    return [json.loads(line) for line in text_in(directory).splitlines()][1:]
