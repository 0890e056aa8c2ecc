"""Masks personal data in transcripts. Pure; a masked text keeps its length, so that its cues stay in place."""

import re
from collections.abc import Sequence

MASK = "*"

_DIGIT_WORDS = "zero|oh|one|two|three|four|five|six|seven|eight|nine|double|triple"

# The masked kinds of data by name, in the order in which they are masked.
PATTERNS: dict[str, re.Pattern[str]] = {
    "e-mail addresses, written": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "e-mail addresses, spoken in English": re.compile(r"\b[\w.+-]+ at [\w-]+(?: dot [\w-]+)+\b", re.IGNORECASE),
    "numbers spoken digit by digit in English, three digits or more": re.compile(
        rf"\b(?:{_DIGIT_WORDS})(?:[\s,-]+(?:{_DIGIT_WORDS})){{2,}}\b", re.IGNORECASE
    ),
    "digits, and so telephone, card and account numbers": re.compile(r"\+?\d"),
}


def redacted(text: str, patterns: Sequence[re.Pattern[str]] = tuple(PATTERNS.values())) -> str:
    """Replace every character of personal data with the mask, except blanks."""
    for pattern in patterns:
        text = pattern.sub(lambda found: re.sub(r"\S", MASK, found[0]), text)
    return text
