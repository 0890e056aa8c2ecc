"""The voice of a persona: the `[voice]` table of its file, or a voice's id instead of the table."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_serializer

# Prefixes of the models that ElevenLabs runs behind its text-to-dialogue interface, and the one setting that it takes
# (LiveKit's ElevenLabs plugin 1.8.9, `is_dialogue_model` and `_DIALOGUE_VOICE_SETTINGS_FIELDS`).
_DIALOGUE_MODELS = ("eleven_v3", "eleven_v4")
_DIALOGUE_SETTINGS = {"stability"}

_Part = Annotated[float | None, Field(ge=0, le=1)]


class VoiceOptions(BaseModel):
    """A voice of ElevenLabs and its settings; None leaves a setting as the voice's owner has set it.

    The ranges are those of ElevenLabs' "Create speech" and, for the speed, of its help page "Can I change the pace of
    the voice?".

    Attributes:
        id: The voice's id; empty: the plugin's default.
        model: The model that speaks; empty: ELEVEN_MODEL.
        speed: 1 is the voice's own speed.
        stability: Low for more emotion, high for evenness.
        similarity_boost: Similarity to the recorded voice.
        style: How much the voice's style is exaggerated; more takes longer.
        use_speaker_boost: Even more similar to the recorded voice, but slower.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    id: str = ""
    model: str = ""
    speed: float | None = Field(default=None, ge=0.7, le=1.2)
    stability: _Part = None
    similarity_boost: _Part = None
    style: _Part = None
    use_speaker_boost: bool | None = None

    def given(self) -> dict[str, Any]:
        """Return the settings that are given, by ElevenLabs' names."""
        values = {name: getattr(self, name) for name in VoiceOptions.model_fields if name not in {"id", "model"}}
        return {name: value for name, value in values.items() if value is not None}

    def problems(self, default_model: str) -> list[str]:
        """List the settings that the model does not take.

        Args:
            default_model: The model of a voice that names none.
        """
        model = self.model or default_model
        if not model.startswith(_DIALOGUE_MODELS):
            return []
        refused = sorted(self.given().keys() - _DIALOGUE_SETTINGS)
        return [
            f"voice.{name}: {model} takes only stability; leave {name} out, or take a model such as eleven_flash_v2_5"
            for name in refused
        ]

    @model_serializer
    def _as_written(self) -> str | dict[str, Any]:
        """Write it as a person would: an id alone is not a table."""
        names = {name: value for name, value in {"id": self.id, "model": self.model}.items() if value}
        return self.id if names.keys() <= {"id"} and not self.given() else names | self.given()


def _table(value: object) -> object:
    if not isinstance(value, str | dict | VoiceOptions):
        message = "must be an id, or a table of settings"
        raise ValueError(message)  # noqa: TRY004 - pydantic reports only these
    return {"id": value} if isinstance(value, str) else value


# A string is short for a table with the id only.
Voice = Annotated[VoiceOptions, BeforeValidator(_table, json_schema_input_type=str | VoiceOptions)]
