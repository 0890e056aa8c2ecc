"""The language model of a persona and how long its answers are: the tables `[model]` and `[answer]` of its file."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class ModelOptions(BaseModel):
    """A language model, and how it is asked. What is None is left to the server.

    Only its server knows which settings a model takes: `python agent.py doctor` asks it, and a setting that is refused
    in a call is left out from then on.

    Attributes:
        name: Of the model; empty: OPENAI_MODEL.
        temperature: 0 for the same answer each time, 2 for the least likely ones.
        max_tokens: Most tokens of an answer, thoughts included. An answer that is longer is cut in mid-sentence.
        reasoning_effort: How much it thinks before it answers; only models that think take it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    name: str = ""
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: int | None = Field(default=None, ge=16)
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh"] | None = None

    def request(self) -> dict[str, Any]:
        """Return the fields of a request, by OpenAI's names."""
        fields = {
            "temperature": self.temperature,
            "max_completion_tokens": self.max_tokens,
            "reasoning_effort": self.reasoning_effort,
        }
        return {name: value for name, value in fields.items() if value is not None}


def _table(value: object) -> object:
    return {"name": value} if isinstance(value, str) else value


# A name alone is a model as well.
LanguageModel = Annotated[ModelOptions, BeforeValidator(_table, json_schema_input_type=str | ModelOptions)]


class AnswerLimits(BaseModel):
    """The longest answer that is spoken; None for no limit. What is beyond is neither said nor remembered.

    Attributes:
        max_sentences: In one answer.
        max_spoken_seconds: Of one answer, at the usual pace of the script. Its first sentence is said in any case.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_sentences: int | None = Field(default=None, ge=1, le=100)
    max_spoken_seconds: float | None = Field(default=None, ge=1, le=600)
