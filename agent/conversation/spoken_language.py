"""The language that is spoken, one of the persona's, and its sentences."""

from agent.conversation.fillers import default_fillers
from agent.conversation.still_there import default_lines
from agent.persona import Persona
from agent.settings.deepgram_models import base_of
from agent.settings.languages import LanguageOptions

_OWN = LanguageOptions()


class SpokenLanguage:
    """The language of a conversation: the one that was heard last, if the persona has it; at first the persona's own.

    Args:
        persona: Lists its languages.

    Attributes:
        code: Of the language; None for the persona's own.
    """

    def __init__(self, persona: Persona) -> None:
        self._persona = persona
        self.code: str | None = None

    def hear(self, language: str) -> bool:
        """Note the language of a final transcript; return whether another language is spoken from here on.

        Args:
            language: Its code; a language that the persona does not list is answered in the persona's own voice.
        """
        listed = self._persona.languages
        # Deepgram distinguishes languages, but not their regions.
        alike = (code for code in listed if base_of(code) == base_of(language))
        before, self.code = self.code, language if language in listed else next(alike, None)
        return self.code != before

    @property
    def apology(self) -> str:
        """The sentence with which the agent apologises for a failure."""
        return self._options.apology or self._persona.apology

    @property
    def goodbye(self) -> str:
        """The sentence with which the agent ends a call."""
        return self._options.goodbye or self._persona.goodbye

    @property
    def silence_goodbye(self) -> str:
        """The sentence with which the agent ends a silent call."""
        return self._options.goodbye or self._persona.silence.goodbye or self._persona.goodbye

    @property
    def fillers(self) -> tuple[str, ...]:
        """The sentences with which the agent fills a wait."""
        return self._persona.said_while_waiting if self.code is None else default_fillers(self.code)

    @property
    def silence_lines(self) -> tuple[str, ...]:
        """The questions that the agent asks a silent caller."""
        lines = self._persona.silence.lines if self.code is None else None
        return lines or default_lines(self.code or self._persona.language)

    @property
    def _options(self) -> LanguageOptions:
        return self._persona.languages.get(self.code or "", _OWN)
