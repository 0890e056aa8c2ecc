"""The language model of a persona and the limits of its answers: the tables `[model]` and `[answer]` of its file."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class ModelOptions(BaseModel):
    """A language model and its parameters; None leaves a parameter to the server.

    Only its server knows which parameters a model takes: `python agent.py doctor` asks it, and a parameter that is
    refused in a call is left out from then on.

    Attributes:
        name: Name of the model; empty: OPENAI_MODEL.
        temperature: 0 for the same answer each time, 2 for the least likely ones.
        max_tokens: Most tokens of an answer, reasoning included. A longer answer ends in mid-sentence.
        reasoning_effort: How much it reasons before it answers; only reasoning models take it.
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


# A string is short for a table with the name only.
LanguageModel = Annotated[ModelOptions, BeforeValidator(_table, json_schema_input_type=str | ModelOptions)]


class AnswerLimits(BaseModel):
    """The longest answer that is spoken; None for no limit. The rest is neither said nor remembered.

    Attributes:
        max_sentences: Most sentences of an answer.
        max_spoken_seconds: Most seconds of an answer, at the usual pace of its script. The first sentence is always
            said.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_sentences: int | None = Field(default=None, ge=1, le=100)
    max_spoken_seconds: float | None = Field(default=None, ge=1, le=600)
