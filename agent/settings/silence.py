"""Reactions to a silent caller: the `[silence]` table of a persona file."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Line = Annotated[str, Field(min_length=1, max_length=200)]


class SilenceOptions(BaseModel):
    """The agent's reactions to a silent caller; none by default.

    Attributes:
        ask_after: Seconds of silence after which the agent asks whether the caller is there; None: it does not ask.
        most_asks: How often it asks until the caller says something, each time after `ask_after` seconds.
        ask: `lines`: one of the lines is spoken word for word; `instructions`: the language model finds the words.
        lines: The questions, used in turns; None: those of the language.
        instructions: For the language model, with `ask = "instructions"`.
        goodbye_after: Total seconds of silence after which the agent says goodbye and the call ends; None: never.
        goodbye: The goodbye of a silent call; empty: the persona's.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    ask_after: float | None = Field(default=None, ge=3, le=3600)
    most_asks: int = Field(default=2, ge=1, le=20)
    ask: Literal["lines", "instructions"] = "lines"
    lines: Annotated[tuple[Line, ...], Field(min_length=1)] | None = None
    instructions: str = Field(
        default="The caller has said nothing for a while. Ask in one short sentence whether they are still there.",
        min_length=1,
    )
    goodbye_after: float | None = Field(default=None, ge=5, le=86400)
    goodbye: str = Field(default="", max_length=200)

    @property
    def is_on(self) -> bool:
        """Whether the agent reacts to silence."""
        return self.ask_after is not None or self.goodbye_after is not None

    @model_validator(mode="after")
    def _require_order(self) -> Self:
        if self.ask_after is not None and self.goodbye_after is not None and self.goodbye_after <= self.ask_after:
            message = f"goodbye_after must be more than ask_after, which is {self.ask_after:g}"
            raise ValueError(message)
        return self
