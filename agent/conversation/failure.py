"""Describes a vendor's failure for the log."""

from collections.abc import Iterable
from typing import Any

from livekit.agents import APIError, APIStatusError, APITimeoutError

_LONGEST_REASON = 200  # characters
# A message of at least this many characters that occurs in a reason counts as a quotation.
_SHORTEST_QUOTATION = 12
_TOO_MANY_REQUESTS = 429
_REQUEST_TIMEOUT = 408


def describe(
    error: BaseException, vendor: str, *, said: Iterable[str] = (), timeout_setting: str = ""
) -> dict[str, Any]:
    """Describe a failure in the `extra` of a log message: vendor, status, reason, and the setting that limits it.

    Args:
        error: The failure, or an error that was raised from it.
        vendor: The name of the vendor, or the host of its server.
        said: Texts of the conversation; a reason that quotes one is withheld.
        timeout_setting: The setting that limits the wait; empty if there is none.
    """
    causes = list(_causes(error))
    described: dict[str, Any] = {"vendor": vendor, "error": type(error).__name__}
    refused = next((cause for cause in causes if isinstance(cause, APIStatusError)), None)
    if refused is not None:
        described["reason"] = _reason(refused, said)
        if refused.status_code > 0:  # an error within a stream may have none
            described["status"] = refused.status_code
    elif any(isinstance(cause, APITimeoutError | TimeoutError) for cause in causes):
        described["reason"] = "no answer in time"
        if timeout_setting:
            described["setting"] = timeout_setting
    return described


def is_refusal(error: BaseException) -> bool:
    """Return whether the vendor refused the request itself, so that it will refuse the same request again."""
    statuses = [cause.status_code for cause in _causes(error) if isinstance(cause, APIStatusError)]
    return any(400 <= status < 500 and status not in {_REQUEST_TIMEOUT, _TOO_MANY_REQUESTS} for status in statuses)  # noqa: PLR2004 - the client's errors


def _causes(error: BaseException) -> Iterable[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__


def _reason(error: APIError, said: Iterable[str]) -> str:
    body = error.body
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    reason = str(body["message"]) if isinstance(body, dict) and body.get("message") else error.message
    if any(text in reason for text in map(str.strip, said) if len(text) >= _SHORTEST_QUOTATION):
        return "withheld: it quotes the conversation"
    return reason[:_LONGEST_REASON]
