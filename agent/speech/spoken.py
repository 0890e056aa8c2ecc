"""Turns written text into what a person would say: no markup, tables, tags, emoji or long addresses."""

import re
from collections.abc import AsyncIterable, AsyncIterator

from livekit.agents.voice.transcription.filters import LINE_PATTERNS

from agent.speech.markup import OPENERS, freed, without_markup
from agent.speech.pieces import is_speakable
from avatar.core.caption import UNSPACED_LETTERS

# After a URL of ASCII letters a Chinese sentence goes on without a blank.
_URL = re.compile(
    r"\b(?:https?://|(?=www\.))(?:www\.)?([a-z0-9][a-z0-9._~%@:-]*|[^\x00-\x7f][^\s/?#，。、；：！？）」]*)"
    r"([^\s?#<>()\[\]{}\"'`|\u0080-\uffff]*)(?:[?#][^\s<>()\[\]{}\"'`|\u0080-\uffff]*)?",
    re.IGNORECASE | re.ASCII,
)
_URL_END = ".,;:!?…。，、；！？"  # belongs to the sentence, not to the URL
_LONGEST_PATH = 24  # characters of a URL's path that a person would still say

_ROW = re.compile(r"\s*\|")
_PIPE = re.compile(r"\s+\|(?=\s|$)")
_QUOTED = re.compile(r"\s*(?:>\s*)+")
_FENCE = re.compile(r"\s*~{3,}\w*\s*$")
_CHECKBOX = re.compile(r"\s*\[[ xX]\]\s+")

_CUTS = re.compile(rf"(?<=[{UNSPACED_LETTERS}。！？，、；：])|(?<!\s)(?=\s)")
_LINE_MARK = re.compile(r"\s*(?:[-+*>_|:]+|#{1,6}|\d+[.)]?|~{3,}\w*)?\s*(?:\[[xX]\])?\s*$")
_LONGEST_CONSTRUCT = 300  # characters; anything longer is not markup


async def spoken(text: AsyncIterable[str]) -> AsyncIterator[str]:
    """Turn a text, while it is being written, into what a person would say.

    Symbols that are spoken, such as %, € and +, stay.
    """
    line, is_start = "", True
    async for chunk in text:
        *complete, line = f"{line}{chunk}".split("\n")
        for each in complete:
            yield f"{_said(each, is_start=is_start, is_end=True)}\n"
            is_start = True
        if cut := _safe_cut(line, is_start=is_start):
            yield _said(line[:cut], is_start=is_start)
            line, is_start = line[cut:], False
    if line:
        yield _said(line, is_start=is_start, is_end=True)


def _safe_cut(line: str, *, is_start: bool) -> int:
    """Find where a line that is being written can be cut: between two words, but not within markup."""
    if is_start and _ROW.match(line):
        return 0
    cut = max((match.start() for match in _CUTS.finditer(line)), default=0)
    while len(line) < _LONGEST_CONSTRUCT and OPENERS.search(without_markup(line[:cut])):
        cut = max((match.start() for match in OPENERS.finditer(line[:cut])), default=0)
    begun = line[:cut]
    return 0 if is_start and (_LINE_MARK.match(begun) or not is_speakable(begun)) else cut


def _said(part: str, *, is_start: bool, is_end: bool = False) -> str:
    """Return the spoken form of a line, or of a part that `_safe_cut` allows."""
    if is_start and is_end and (_FENCE.match(part) or not is_speakable(part)):
        return ""  # a rule, the border of a table, the end of a block of code
    if is_start:
        part = _said_row(part) if _ROW.match(part) else _QUOTED.sub("", part, count=1) if _QUOTED.match(part) else part
        for pattern, replacement in LINE_PATTERNS:
            part = pattern.sub(replacement, part)
        if checkbox := _CHECKBOX.match(part):
            part = part[checkbox.end() :]
    return freed(_URL.sub(_said_url, _PIPE.sub(",", without_markup(part))), is_end=is_end)


def _said_row(line: str) -> str:
    """Return the spoken form of a table row: its cells, one by one."""
    said = ", ".join(cell.strip() for cell in line.split("|") if cell.strip())
    return f"{said}." if said[-1:].isalnum() else said


def _said_url(match: re.Match[str]) -> str:
    """Return the spoken form of a URL: its host and a short path, without scheme and query."""
    end = match[0][len(match[0].rstrip(_URL_END)) :]
    host, path = match[1].rstrip(_URL_END), match[2].rstrip(f"{_URL_END}/")
    return f"{host}{path if len(path) <= _LONGEST_PATH else ''}{end}"
