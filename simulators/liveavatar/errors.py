"""The REST API's answers: one envelope for success and failure."""

from __future__ import annotations

SUCCESS_CODE = 1000
"""`code` of every success (the official web SDK takes only this for one)."""


class ApiError(Exception):
    """A request that is refused.

    Attributes:
        status: of the HTTP response.
        code: in the envelope; where HeyGen's own is not known, the HTTP status.
    """

    def __init__(self, status: int, message: str, *, code: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = status if code is None else code


def envelope(data: object, message: str = "Success", *, code: int | str = SUCCESS_CODE) -> dict[str, object]:
    """Wrap what is answered."""
    return {"code": code, "data": data, "message": message}
