"""The languages of one call: the `[languages]` table of a persona file."""

from pydantic import BaseModel, ConfigDict, Field

from agent.settings.voice import Voice, VoiceOptions


class LanguageOptions(BaseModel):
    """How the persona speaks one language. What is empty is the persona's own, or the default of the language.

    Attributes:
        voice: Of this language.
        apology: In this language.
        goodbye: In this language.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    voice: Voice = VoiceOptions()
    apology: str = Field(default="", max_length=200)
    goodbye: str = Field(default="", max_length=200)
