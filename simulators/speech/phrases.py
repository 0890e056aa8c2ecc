"""phrases.txt: the phrases that the demo's recogniser expects, with its lists expanded."""

from __future__ import annotations

import re
from pathlib import Path

PHRASES = Path(__file__).with_name("phrases.txt")
PRONUNCIATIONS = Path(__file__).with_name("pronunciations.txt")

_LIST = re.compile(r"\$(\w+)\s*=\s*(.+)")
_SLOT = re.compile(r"\$(\w+)")


def load_phrases(path: Path = PHRASES) -> list[str]:
    """Load all phrases in lower case; slots are filled with the items of their lists in turns."""
    lists: dict[str, list[str]] = {}
    phrases: list[str] = []
    for line in map(str.lower, _lines(path)):
        if match := _LIST.fullmatch(line):
            lists[match[1]] = [item.strip() for item in match[2].split(",")]
        else:
            phrases += _filled(line, lists)
    return phrases


def load_pronunciations(path: Path = PRONUNCIATIONS) -> dict[str, str]:
    """Load the phones by word, in the CMU dictionary's notation."""
    return {word: phones.strip() for word, phones in (line.split(maxsplit=1) for line in _lines(path))}


def _lines(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def _filled(phrase: str, lists: dict[str, list[str]]) -> list[str]:
    """Fill every slot from its own list in turns, so a phrase with two slots does not become a product of both."""
    rounds = max((len(lists[name]) for name in _SLOT.findall(phrase)), default=1)
    return [_SLOT.sub(lambda slot: lists[slot[1]][turn % len(lists[slot[1]])], phrase) for turn in range(rounds)]  # noqa: B023
