"""Cuts documents into the passages that a search finds. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# Most characters of a passage: a few sentences; a language model reads several passages before it answers.
_LONGEST = 900

_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$")
_PARAGRAPHS = re.compile(r"\n[ \t]*\n+")
# Where a paragraph may be cut: after a sentence, a line or a blank, in this order.
_CUTS = (re.compile(r"(?<=[.!?])\s+|(?<=[。！？।])"), re.compile(r"\n"), re.compile(r"\s+"))


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a document.

    Attributes:
        where: Its heading or page; may be empty.
        text: Its text.
    """

    where: str
    text: str


def sections_of_markdown(text: str) -> list[Section]:
    """Cut Markdown at its headings."""
    sections, where, lines = [], "", list[str]()
    for line in text.splitlines():
        if (heading := _HEADING.match(line)) is None:
            lines.append(line)
            continue
        sections.append(Section(where, "\n".join(lines)))
        where, lines = heading[1], []
    sections.append(Section(where, "\n".join(lines)))
    return [section for section in sections if section.text.strip()]


def passages(sections: Iterable[Section]) -> list[Section]:
    """Cut sections into passages: whole paragraphs as far as they fit, else whole sentences."""
    return [Section(section.where, text) for section in sections for text in _packed(_pieces(section.text))]


def _packed(pieces: Iterable[str]) -> Iterator[str]:
    packed = ""
    for piece in pieces:
        if packed and len(packed) + len(piece) > _LONGEST:
            yield packed
            packed = ""
        packed = f"{packed}\n{piece}" if packed else piece
    if packed:
        yield packed


def _pieces(text: str) -> Iterator[str]:
    for paragraph in _PARAGRAPHS.split(text):
        if stripped := paragraph.strip():
            yield from _cut(stripped, 0)


def _cut(text: str, level: int) -> Iterator[str]:
    """Cut a text that is too long where it reads best."""
    if len(text) <= _LONGEST:
        yield text
    elif level == len(_CUTS):
        yield from (text[at : at + _LONGEST] for at in range(0, len(text), _LONGEST))
    else:
        for part in filter(None, map(str.strip, _CUTS[level].split(text))):
            yield from _cut(part, level + 1)
