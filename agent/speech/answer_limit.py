"""Ends an answer that is too long at the end of a sentence."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from math import inf

from agent.settings.language_model import AnswerLimits
from agent.speech.pieces import is_speakable, sentences
from avatar.core.caption import estimate_seconds


class AnswerLimit:
    """Passes on the whole sentences of an answer within its limits. Pure.

    Args:
        limits: The limits of one answer.

    Attributes:
        is_over: True when the answer exceeds its limits: nothing more is passed on.
    """

    def __init__(self, limits: AnswerLimits) -> None:
        self.is_over = False
        self._most = limits.max_sentences or inf
        self._longest = limits.max_spoken_seconds or inf
        self._count, self._seconds = 0, 0.0
        self._held = ""

    def take(self, text: str) -> str:
        """Take more of the answer.

        Returns:
            The sentences that are complete and within the limits.
        """
        self._held += text
        *complete, self._held = list(sentences(self._held)) or [""]
        passed = self._pass(complete)
        self.is_over |= self._count >= self._most and is_speakable(self._held)
        return passed

    def end(self) -> str:
        """End the answer.

        Returns:
            Its last sentence, if that is within the limits.
        """
        last, self._held = self._held, ""
        return self._pass([last])

    def _pass(self, complete: Iterable[str]) -> str:
        passed = ""
        for sentence in complete:
            self._look(sentence)
            if not self.is_over:
                passed += sentence
        return passed

    def _look(self, sentence: str) -> None:
        """Count a sentence; a mark without words counts with the one before it."""
        if not is_speakable(sentence):
            return
        self._count += 1
        self._seconds += estimate_seconds(sentence)
        self.is_over |= self._count > self._most or (self._count > 1 and self._seconds > self._longest)


async def limited(pieces: AsyncGenerator[str, None], limits: AnswerLimits) -> AsyncGenerator[str, None]:
    """Pass on an answer within its limits, and close it there.

    Args:
        pieces: The answer while it is written. It is closed at the end.
        limits: The limits of one answer; without any, the pieces are passed on unchanged.
    """
    async with aclosing(pieces):
        if limits == AnswerLimits():
            async for piece in pieces:
                yield piece
            return
        limit = AnswerLimit(limits)
        async for piece in pieces:
            if passed := limit.take(piece):
                yield passed
            if limit.is_over:
                return
        if last := limit.end():
            yield last
