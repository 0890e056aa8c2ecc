"""Recognises by its last words that a turn goes on: a number that is dictated, or "my number is". Pure.

Callers dictate a number in groups, with pauses of up to 1.6 s between them, longer than the silence that ends other
turns (github.com/livekit/agents, issues 3373 and 3701).
"""

import re

from livekit.agents import LanguageCode, llm

# This many digits are a dictated number; fewer are an amount, which often ends an answer.
_LEAST_DIGITS = 3

# Digits that are not part of a dictated number: years, times, dates, prices, and percentages.
_AMOUNT = re.compile(r"\b(?:19|20)\d\d\b|[$€£¥]\s?\d[\d.,]*|\d+(?:[.,:/]\d+)+|\d+\s?[%$€£¥]")
# English, German, Spanish, French, Italian, Portuguese, Dutch; Chinese and Japanese.
_WORDS = (
    "zero oh one two three four five six seven eight nine double triple "
    "null eins zwei zwo drei vier fünf sechs sieben acht neun "
    "cero uno dos tres cuatro cinco seis siete ocho nueve "
    "zéro un deux trois quatre cinq sept huit neuf "
    "due tre quattro cinque sei sette otto nove "
    "um dois três quatro sete oito "
    "nul een twee drie vijf zes zeven negen"
)
_DIGIT = re.compile(rf"\d|[零〇一二三四五六七八九]|\b(?:{'|'.join(dict.fromkeys(_WORDS.split()))})\b", re.IGNORECASE)

# "My name is", in the same languages.
_ANNOUNCEMENT = re.compile(
    r"\b(?:my|our|meine?|unsere?|mi|nuestr[oa]|mon|ma|notre|mi[oa]|meu|minha|mijn)\s+(?:\w+\s+){1,3}"
    r"(?:is|are|ist|lautet|es|est|è|é)$",
    re.IGNORECASE,
)
# Words that are followed by more.
_OPENING = re.compile(r"\b(?:and|or|but|because|the|und|oder|aber|weil|y|pero|porque|et|parce que)$", re.IGNORECASE)


def is_unfinished(text: str) -> bool:
    """Return whether the last words of the turn show that the caller has more to say."""
    said = text.strip().rstrip(".,;:-–…。，、 ")
    if _ANNOUNCEMENT.search(said) or _OPENING.search(said):
        return True
    digits = list(_DIGIT.finditer(_AMOUNT.sub("", said)))
    return len(digits) >= _LEAST_DIGITS and digits[-1].end() == len(_AMOUNT.sub("", said))


class UnfinishedTurns:
    """A turn detector for the framework, in addition to voice activity detection.

    A turn that `is_unfinished` ends after the longer of the two delays, any other after the shorter.
    """

    model = "unfinished-turns"
    provider = "agent"

    async def unlikely_threshold(self, language: LanguageCode | None) -> float:  # noqa: ARG002 - the framework's signature
        """Return the probability below which the longer delay applies."""
        return 0.5

    async def supports_language(self, language: LanguageCode | None) -> bool:  # noqa: ARG002 - the framework's signature
        """Return True: languages without words of their own here still have digits."""
        return True

    async def predict_end_of_turn(self, chat_ctx: llm.ChatContext, *, timeout: float | None = None) -> float:  # noqa: ARG002, ASYNC109 - the framework's signature
        """Return 0 for a turn that goes on, else 1.

        Args:
            chat_ctx: The conversation; its last message is the turn so far.
            timeout: Ignored, since the answer is immediate.
        """
        messages = chat_ctx.messages()
        return 0.0 if messages and is_unfinished(messages[-1].text_content or "") else 1.0
