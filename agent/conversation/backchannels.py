"""Backchannels: words by which listeners show attention without taking the turn. Pure."""

from collections.abc import Iterable

from agent.conversation.by_language import by_language
from agent.conversation.transcript import words

# By language, in the spelling of speech-to-text; case, punctuation and blanks don't count.
DEFAULT_BACKCHANNELS: dict[str, tuple[str, ...]] = {
    "ar": ("نعم", "آه", "تمام", "طيب", "مم"),
    "de": ("mhm", "hm", "aha", "ach so", "ja", "genau", "okay", "ok", "gut", "klar", "verstehe"),
    "en": (
        *("uh-huh", "uh huh", "uhuh", "mm-hmm", "mmhmm", "mhm", "mm", "mmm", "hm", "hmm", "huh", "ah", "aha", "oh"),
        *("yeah", "yep", "yup", "yes", "okay", "ok", "right", "sure", "i see", "got it", "alright", "all right"),
    ),
    "es": ("ajá", "mhm", "hm", "mm", "sí", "ya", "claro", "vale", "bueno", "okay", "ok", "entiendo"),
    "fr": ("mhm", "hm", "mm", "ah", "oui", "ouais", "d'accord", "okay", "ok", "je vois", "voilà"),
    "hi": ("हाँ", "हां", "जी", "अच्छा", "ठीक है", "ओके", "हम्म"),
    "it": ("mhm", "hm", "mm", "ah", "sì", "certo", "okay", "ok", "va bene", "capisco", "già"),
    "ja": ("うん", "ええ", "はい", "なるほど", "そう", "そうですね", "へえ", "ふーん"),
    "ko": ("네", "예", "응", "음", "아", "그렇군요", "맞아요"),
    "nl": ("mhm", "hm", "ja", "oké", "okay", "ok", "precies", "juist", "aha"),
    "pl": ("mhm", "hm", "aha", "tak", "no", "okej", "ok", "jasne", "rozumiem"),
    "pt": ("aham", "uhum", "hum", "hm", "sim", "tá", "certo", "okay", "ok", "entendi", "claro"),
    "ru": ("угу", "ага", "мм", "хм", "да", "так", "понятно", "ясно", "хорошо", "окей"),
    "sv": ("mhm", "mm", "hm", "ja", "jo", "okej", "ok", "precis", "jaha"),
    "tr": ("hı hı", "hıhı", "hm", "evet", "tamam", "anladım", "peki"),
    "uk": ("угу", "ага", "мм", "хм", "так", "зрозуміло", "добре", "окей"),
    "vi": ("ừ", "ừm", "vâng", "dạ", "à", "ok", "được"),
    "zh": ("嗯", "嗯嗯", "哦", "对", "是", "是的", "好", "好的"),
}


def default_backchannels(language: str) -> tuple[str, ...]:
    """Return the backchannels of a language.

    Args:
        language: A code such as `en-US`; `multi` is English.
    """
    return by_language(DEFAULT_BACKCHANNELS, language, ())


class Backchannels:
    """Recognises speech that consists of backchannels alone.

    Args:
        phrases: The backchannels; may be empty.
    """

    def __init__(self, phrases: Iterable[str]) -> None:
        self._phrases = {tuple(words(phrase)) for phrase in phrases} - {()}
        self._longest = max((len(phrase) for phrase in self._phrases), default=0)

    def are_all_of(self, text: str) -> bool:
        """Return whether a transcript has words, all of them backchannels, such as `Yeah, right.`."""
        said = words(text)
        # reached[n] is True if the first n words consist of backchannels.
        reached = [True] + [False] * len(said)
        for end in range(1, len(said) + 1):
            starts = range(max(0, end - self._longest), end)
            reached[end] = any(reached[start] and tuple(said[start:end]) in self._phrases for start in starts)
        return bool(said) and reached[-1]
