"""The REST API's answers: one envelope for success and failure, and a list of validation errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

# `code` of a valid request that is refused, with a list of reasons in `data` (fact 6).
INVALID_CODE = 4000


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: object
    headers: Mapping[str, str]


class ApiError(Exception):
    """A request is refused.

    Attributes:
        status: Status of the HTTP answer.
        code: Code in the envelope; the HTTP status if HeyGen's own code is unknown.
        data: Data in the envelope.
    """

    def __init__(self, status: int, message: str, *, code: int | None = None, data: object = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = status if code is None else code
        self.data = data


def envelope(data: object, message: str = "Success", *, code: int | str) -> dict[str, object]:
    """Wrap the data of an answer."""
    return {"code": code, "data": data, "message": message}


def refused_token(field: str, reason: str, value: object, *, in_data: bool) -> ApiError:
    """Make the refusal of a session token because of one field of the request.

    Args:
        field: Name of the field.
        reason: The reason in the service's words.
        value: The requested value.
        in_data: True if the reason is only in `data`, False if it is the message.
    """
    entry = {"loc": [field], "message": reason, "params": {field: value}}
    message = "Errors validating session token" if in_data else reason
    return ApiError(400, message, code=INVALID_CODE, data=[entry] if in_data else None)


def answer_error(error: ApiError) -> Answer:
    """Put a refusal into the envelope."""
    return Answer(error.status, envelope(error.data, str(error), code=error.code), {})


def answer_details(error: ValidationError) -> Answer:
    """List validation errors."""
    return Answer(422, {"detail": error.errors(include_url=False, include_context=False)}, {})
