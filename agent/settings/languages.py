"""The languages of one call: the `[languages]` table of a persona file."""

from pydantic import BaseModel, ConfigDict, Field

from agent.settings.voice import Voice, VoiceOptions


class LanguageOptions(BaseModel):
    """A persona's speech in one language. Empty fields take the persona's value, or the default of the language.

    Attributes:
        voice: The voice for this language.
        apology: The apology in this language.
        goodbye: The goodbye in this language.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    voice: Voice = VoiceOptions()
    apology: str = Field(default="", max_length=200)
    goodbye: str = Field(default="", max_length=200)
