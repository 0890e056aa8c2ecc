"""The faults of HTTP requests."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from simulators.faults.fault import CallFault


class Status(CallFault):
    """Answers with an error; the request is not carried out.

    Attributes:
        status: HTTP status.
        code: Code in the vendor's own error format; None for its code for the status.
        message: Message in the error.
        body: Replaces the error: a string is sent as HTML, anything else as JSON.
        headers: Headers of the answer.
    """

    kind: Literal["status"] = "status"
    status: int = Field(default=500, ge=400, le=599)
    code: int | str | None = None
    message: str = "This error was asked for at the stand-in"
    body: JsonValue = None
    headers: dict[str, str] = Field(default_factory=dict)


class Slow(CallFault):
    """Carries the request out `seconds` later."""

    kind: Literal["slow"] = "slow"
    seconds: float = Field(ge=0.0)


class Hang(CallFault):
    """Never answers; the request is not carried out."""

    kind: Literal["hang"] = "hang"


class Cut(CallFault):
    """Cuts the connection; the request is not carried out."""

    kind: Literal["cut"] = "cut"


class LoseReply(CallFault):
    """Carries the request out and cuts the connection instead of answering."""

    kind: Literal["lose_reply"] = "lose_reply"


class HoldReply(CallFault):
    """Carries the request out and never answers."""

    kind: Literal["hold_reply"] = "hold_reply"


class Truncate(CallFault):
    """Carries the request out and answers with half of the body."""

    kind: Literal["truncate"] = "truncate"


class Omit(CallFault):
    """Carries the request out and leaves fields out of the answer, such as `data.ws_url`."""

    kind: Literal["omit"] = "omit"
    fields: tuple[str, ...] = Field(min_length=1)
