"""What a person would say of a written text: no markup, tables, tags, emoji or long addresses."""

import html
import re
from collections.abc import AsyncIterable, AsyncIterator

from livekit.agents.voice.transcription.filters import (
    EMOJI_PATTERN,
    FULL_LINE_PATTERNS,
    INLINE_PATTERNS,
    LINE_PATTERNS,
)

from avatar.core.caption import UNSPACED_LETTERS

_COMMENT = re.compile(r"<!--.*?-->")
_TAG = re.compile(r"</?([A-Za-z][\w:-]*)(?:\s+[\w:-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+))?)*\s*/?>")
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[\da-fA-F]{1,6}|[A-Za-z]\w{1,31});")
# Tags that begin a line of their own; other tags vanish.
_LINE_TAGS = frozenset(
    {"br", "p", "div", "li", "ul", "ol", "tr", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre"}
)

_URL = re.compile(
    r"\b(?:https?://|(?=www\.))(?:www\.)?([^\s/?#<>()\[\]{}\"'`|]+)([^\s?#<>()\[\]{}\"'`|]*)(?:[?#][^\s<>()\[\]{}\"'`|]*)?",
    re.IGNORECASE,
)
_URL_END = ".,;:!?…。，、；！？"  # belongs to the sentence, not to the URL
_LONGEST_PATH = 24  # characters of a URL's path that one would still say

_UNDERSCORED = re.compile(r"(?<!\w)(_{1,3})(?=[^\W_])(\w*[^\W_])\1(?!\w)")
_ROW = re.compile(r"\s*\|")
_RULE = re.compile(r"\s*[|:]?\s*:?-{2,}[\s|:-]*$")
_PIPE = re.compile(r"\s+\|(?=\s|$)")

_CUTS = re.compile(rf"(?<=[{UNSPACED_LETTERS}。！？，、；：])|(?<!\s)(?=\s)")
_LINE_MARK = re.compile(r"\s*(?:[-+*>_|:]+|#{1,6}|\d+[.)]?)?\s*$")
_OPENERS = re.compile(r"(?<![A-Za-z0-9])(?:[*_]{1,3}|~~)(?![\s*_~])|`|!?\[|<[!/A-Za-z][^<>]*$")
_LONGEST_CONSTRUCT = 300  # characters; markup that is longer is no markup


async def spoken(text: AsyncIterable[str]) -> AsyncIterator[str]:
    """Turn a text, while it is being written, into what one would say of it.

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
    if is_start and (_ROW.match(line) or _RULE.match(line)):
        return 0
    cut = max((match.start() for match in _CUTS.finditer(line)), default=0)
    while len(line) < _LONGEST_CONSTRUCT and _OPENERS.search(_without_inline_markup(line[:cut])):
        cut = max((match.start() for match in _OPENERS.finditer(line[:cut])), default=0)
    return 0 if is_start and _LINE_MARK.match(line[:cut]) else cut


def _said(part: str, *, is_start: bool, is_end: bool = False) -> str:
    """Say a line, or a part of it that `_safe_cut` allows."""
    if is_start:
        if is_end and _RULE.match(part):
            return ""
        part = _said_row(part) if _ROW.match(part) else part
        for pattern, replacement in [*(FULL_LINE_PATTERNS if is_end else ()), *LINE_PATTERNS]:
            part = pattern.sub(replacement, part)
    part = _URL.sub(_said_url, _PIPE.sub(",", _without_inline_markup(part)))
    return EMOJI_PATTERN.sub("", _UNDERSCORED.sub(lambda match: match[2].replace("_", " "), part))


def _without_inline_markup(part: str) -> str:
    part = _TAG.sub(_said_tag, _COMMENT.sub("", part))
    part = _ENTITY.sub(lambda match: html.unescape(match[0]), part)
    for pattern, replacement in INLINE_PATTERNS:
        part = pattern.sub(replacement, part)
    return part


def _said_tag(match: re.Match[str]) -> str:
    return "\n" if match[1].lower() in _LINE_TAGS else ""


def _said_row(line: str) -> str:
    """Say the row of a table cell by cell."""
    said = ", ".join(cell.strip() for cell in line.split("|") if cell.strip())
    return f"{said}." if said[-1:].isalnum() else said


def _said_url(match: re.Match[str]) -> str:
    """Say a host, and a path that is short; neither the scheme nor a query."""
    end = match[0][len(match[0].rstrip(_URL_END)) :]
    host, path = match[1].rstrip(_URL_END), match[2].rstrip(f"{_URL_END}/")
    return f"{host}{path if len(path) <= _LONGEST_PATH else ''}{end}"
