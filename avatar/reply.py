"""A reply of the service's REST interface: its data, or the error that it stands for. Pure.

Success is decided by the HTTP status alone: the envelope's `code` is then 100, 1000, 200 or 0 (field observation 14).
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from avatar.errors import ServiceError, service_error
from avatar.recording.redaction import redact_text

_FIRST_CLIENT_ERROR = 400


@dataclass(frozen=True, slots=True)
class Reply:
    """The `data` of a reply's envelope.

    Attributes:
        call: The call that it answers, for errors.
        status: HTTP status.
        fields: The fields of `data`; empty if it is not an object.
    """

    call: str
    status: int
    fields: Mapping[str, Any]

    def text(self, name: str) -> str:
        """Return a required text.

        Raises:
            ServiceError: It is missing or empty.
        """
        value = self.text_or_none(name)
        if value is None:
            raise self._lacks(name)
        return value

    def text_or_none(self, name: str) -> str | None:
        """Return an optional text; an empty one counts as missing."""
        value = self.fields.get(name)
        return value if isinstance(value, str) and value else None

    def number(self, name: str) -> float | None:
        """Return an optional number."""
        value = self.fields.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return None
        return float(value)

    def decimal(self, name: str) -> float:
        """Return a required number, which may be written as a text, as credits are (18).

        Raises:
            ServiceError: It is missing or not a number.
        """
        value = self.number(name)
        try:
            number = float(self.text(name)) if value is None else value
        except ValueError:
            raise self._lacks(name) from None
        if not math.isfinite(number):
            raise self._lacks(name)
        return number

    def items(self, name: str) -> "list[Reply]":
        """Return the objects of a list, without its other entries."""
        value = self.fields.get(name)
        rows = value if isinstance(value, list) else []
        return [Reply(self.call, self.status, row) for row in rows if isinstance(row, dict)]

    def _lacks(self, name: str) -> ServiceError:
        return service_error(self.call, status_code=self.status, body=f"the reply has no {name}")


def read_reply(
    call: str, status: int, headers: Mapping[str, str], body: bytes, *, secrets: Iterable[str] = ()
) -> Reply:
    """Read a reply.

    Args:
        call: The call that it answers, such as `POST /v1/sessions/token`.
        status: HTTP status.
        headers: The reply's headers.
        body: The reply's raw body.
        secrets: Secrets of the request, which no error may repeat.

    Raises:
        ServiceError: The reply is a refusal.
    """
    envelope = _json_object(body)
    if status >= _FIRST_CLIENT_ERROR:
        code = envelope.get("code")
        raise service_error(
            call,
            status_code=status,
            code=code if isinstance(code, int) else None,
            body=redact_text(_reason(envelope) if envelope else _foreign(body), secrets),
            retry_after=_seconds(headers.get("Retry-After")),
        )
    data = envelope.get("data")
    return Reply(call, status, data if isinstance(data, dict) else {})


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _foreign(body: bytes) -> str:
    """Describe a body that is not the API's JSON."""
    text = body.decode("utf-8", "replace").strip()
    return "an HTML page, not an answer of the API" if text.startswith("<") else text


def _reason(envelope: Mapping[str, Any]) -> str:
    """Return the most specific words of a refusal.

    A validation error has them in a list: `data` with `loc` and `message` (6), or `detail` with `loc` and `msg` (7).
    The message around it says only that there are errors.
    """
    problems = "; ".join([*_problems(envelope.get("data")), *_problems(envelope.get("detail"))])
    if problems:
        return problems
    words = (envelope.get(name) for name in ("message", "detail", "error"))
    return next((each for each in words if isinstance(each, str) and each), "")


def _problems(entries: object) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and (words := entry.get("message") or entry.get("msg")):
            field = _field(entry.get("loc"))
            yield f"{field}: {words}" if field else str(words)


def _field(loc: object) -> str:
    """Name a field by its place in the request's body: `["body", "video_settings", "quality"]`, or a text."""
    path = [str(each) for each in loc] if isinstance(loc, list) else [loc] if isinstance(loc, str) else []
    return ".".join(path[1:] if path[:1] == ["body"] else path)


def _seconds(value: str | None) -> float | None:
    """Read a `Retry-After` in seconds; a date is not read."""
    return float(value) if value and value.replace(".", "", 1).isdecimal() else None
