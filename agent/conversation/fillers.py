"""Short sentences that are said while the caller waits. Pure: time is an argument."""

from collections.abc import Sequence
from math import inf

from agent.conversation.by_language import by_language

# Seconds of waiting until the first filler, and from one filler to the next.
FIRST_AFTER = 2.0
AGAIN_AFTER = 10.0

# By language.
DEFAULT_FILLERS: dict[str, tuple[str, ...]] = {
    "ar": ("لحظة من فضلك.", "ما زلت أعمل على ذلك."),
    "de": ("Einen Moment, bitte.", "Ich bin noch dabei."),
    "en": ("One moment, please.", "I'm still working on it."),
    "es": ("Un momento, por favor.", "Sigo en ello."),
    "fr": ("Un instant, s'il vous plaît.", "J'y travaille encore."),
    "hi": ("एक पल रुकिए।", "मैं अभी देख रहा हूँ।"),
    "it": ("Un momento, per favore.", "Ci sto ancora lavorando."),
    "ja": ("少々お待ちください。", "もう少しお待ちください。"),
    "ko": ("잠시만 기다려 주세요.", "조금만 더 기다려 주세요."),
    "nl": ("Een moment, alstublieft.", "Ik ben er nog mee bezig."),
    "pl": ("Chwileczkę, proszę.", "Jeszcze nad tym pracuję."),
    "pt": ("Um momento, por favor.", "Ainda estou vendo isso."),
    "ru": ("Одну минуту, пожалуйста.", "Я ещё занимаюсь этим."),
    "sv": ("Ett ögonblick.", "Jag håller fortfarande på."),
    "tr": ("Bir dakika lütfen.", "Hâlâ üzerinde çalışıyorum."),
    "uk": ("Хвилинку, будь ласка.", "Я ще працюю над цим."),
    "vi": ("Xin chờ một chút.", "Tôi vẫn đang xử lý."),
    "zh": ("请稍等。", "我还在处理。"),
}
# For other languages: a sound that most languages know.
_ANY_LANGUAGE = ("Hm.",)


def default_fillers(language: str) -> tuple[str, ...]:
    """Return the fillers of a language.

    Args:
        language: A code such as `en-US`; `multi` is English.
    """
    return by_language(DEFAULT_FILLERS, language, _ANY_LANGUAGE)


class Fillers:
    """Chooses fillers, not too often: the least interval also holds between waits in a row.

    Args:
        sentences: The fillers, which are said in turn; may be empty.
    """

    def __init__(self, sentences: Sequence[str]) -> None:
        self._sentences = sentences
        self._said = 0
        self._said_at = -inf

    def replace(self, sentences: Sequence[str]) -> None:
        """Use these sentences from here on, because another language is spoken."""
        self._sentences = sentences

    def next(self, now: float) -> str | None:
        """Return the sentence to say now; None if the last one was said less than `AGAIN_AFTER` ago.

        Args:
            now: Seconds of any clock that does not go back.
        """
        if not self._sentences or now - self._said_at < AGAIN_AFTER:
            return None
        sentence = self._sentences[self._said % len(self._sentences)]
        self._said, self._said_at = self._said + 1, now
        return sentence
