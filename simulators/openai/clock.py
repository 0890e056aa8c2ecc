"""Times in words, as a language model would say them. Pure."""

from __future__ import annotations

import re

_TIME = re.compile(r"(?:\d{4}-\d\d-\d\d[ T])?([01]\d|2[0-3]):([0-5]\d)")
_PARTS_OF_DAY = ((5, "in the night"), (12, "in the morning"), (18, "in the afternoon"), (22, "in the evening"))
_HOURS = ("twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_TEENS = (
    *_HOURS[1:],
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty")


def in_words(text: str) -> str:
    """Write the times in a text in words; their dates are left out."""
    return _TIME.sub(lambda match: _said(int(match[1]), int(match[2])), text)


def _said(hour: int, minute: int) -> str:
    part = next((part for until, part in _PARTS_OF_DAY if hour < until), "in the night")
    return " ".join(word for word in (_HOURS[hour % 12], _minutes(minute), part) if word)


def _minutes(minute: int) -> str:
    if minute < 10:  # noqa: PLR2004 - one digit
        return f"oh {_TEENS[minute - 1]}" if minute else ""
    if minute <= len(_TEENS):
        return _TEENS[minute - 1]
    ones = _TEENS[minute % 10 - 1] if minute % 10 else ""
    return f"{_TENS[minute // 10]} {ones}".strip()
