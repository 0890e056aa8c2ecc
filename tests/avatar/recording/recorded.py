"""Readers of a recorder's files."""

import json
from pathlib import Path
from typing import Any


def text_in(directory: Path) -> str:
    """Return the one recording in a directory."""
    [file] = directory.iterdir()
    return file.read_text()


def lines_in(directory: Path) -> list[dict[str, Any]]:
    """Return its lines without the first, which has the format's version."""
    return [json.loads(line) for line in text_in(directory).splitlines()][1:]
