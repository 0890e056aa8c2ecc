"""The REST API's answers: one envelope for success and failure, and a list for what does not validate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

# `code` of a request that was read and is refused, with a list of reasons in `data` (fact 6).
INVALID_CODE = 4000


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: object
    headers: Mapping[str, str]


class ApiError(Exception):
    """A request that is refused.

    Attributes:
        status: of the HTTP answer.
        code: in the envelope; where HeyGen's own is not known, the HTTP status.
        data: in the envelope.
    """

    def __init__(self, status: int, message: str, *, code: int | None = None, data: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = status if code is None else code
        self.data = data


def envelope(data: object, message: str = "Success", *, code: int | str) -> dict[str, object]:
    """Wrap what is answered."""
    return {"code": code, "data": data, "message": message}


def refused_token(field: str, reason: str, value: object, *, in_data: bool) -> ApiError:
    """Word the refusal of a session token for a reason that has to do with one field of the request.

    Args:
        field: its name.
        reason: in the service's words.
        value: what was asked for.
        in_data: the reason is in `data`, and the message says nothing.
    """
    entry = {"loc": [field], "message": reason, "params": {field: value}}
    message = "Errors validating session token" if in_data else reason
    return ApiError(400, message, code=INVALID_CODE, data=[entry] if in_data else None)


def answer_error(error: ApiError) -> Answer:
    """Put a refusal into the envelope."""
    return Answer(error.status, envelope(error.data, str(error), code=error.code), {})


def answer_details(error: ValidationError) -> Answer:
    """List what does not validate."""
    return Answer(422, {"detail": error.errors(include_url=False, include_context=False)}, {})
