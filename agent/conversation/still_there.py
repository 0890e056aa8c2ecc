"""The questions that the agent asks a silent caller. Pure."""

from agent.conversation.by_language import by_language

# By language.
DEFAULT_LINES: dict[str, tuple[str, ...]] = {
    "ar": ("هل ما زلت معي؟",),
    "de": ("Sind Sie noch da?",),
    "en": ("Are you still there?",),
    "es": ("¿Sigue ahí?",),
    "fr": ("Êtes-vous toujours là ?",),
    "hi": ("क्या आप अभी भी वहाँ हैं?",),
    "it": ("È ancora lì?",),
    "ja": ("まだいらっしゃいますか？",),
    "ko": ("아직 계신가요?",),
    "nl": ("Bent u er nog?",),
    "pl": ("Czy jest tam ktoś jeszcze?",),
    "pt": ("Ainda está aí?",),
    "ru": ("Вы ещё здесь?",),
    "sv": ("Är du kvar?",),
    "tr": ("Hâlâ orada mısınız?",),
    "uk": ("Ви ще тут?",),
    "vi": ("Bạn còn ở đó không?",),
    "zh": ("您还在吗？",),
}
_ANY_LANGUAGE = ("Hello?",)


def default_lines(language: str) -> tuple[str, ...]:
    """Return the questions of a language.

    Args:
        language: A code such as `en-US`; `multi` is English.
    """
    return by_language(DEFAULT_LINES, language, _ANY_LANGUAGE)
