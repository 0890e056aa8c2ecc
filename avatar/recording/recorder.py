"""The recorder of one call, which writes a line for every request, reply and message."""

import asyncio
import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Self, TextIO

from avatar.recording.redaction import (
    JSON,
    Place,
    digest,
    kept_headers,
    redact,
    redact_path,
    secrets_in,
)

logger = logging.getLogger("avatar")

_VERSION = 1

# A call writes about 1 kB for a second of speech, so this is several hours of it. A recording that is full ends with a
# line that says so.
_MAX_BYTES = 20_000_000
_FULL = "recording full"

_ROOM_CHARS = 8

# Errors of `json.loads`: the text is not JSON, or is nested too deeply.
_UNREADABLE = (ValueError, RecursionError)

Replied = Callable[[int, Mapping[str, str], bytes], None]


class Recorder:
    """The recording of one call, as `docs/recording.md` describes it.

    No method raises, whatever happens to the file: after the first failure the call continues without a recording. Each
    line is written at once, so the recording outlives a process that is killed.

    Args:
        file: Where lines go; None records nothing.
        now: Returns monotonic seconds.
        started_at: When the recording begins.
        max_bytes: Size at which the recording ends.
    """

    def __init__(
        self,
        file: TextIO | None = None,
        *,
        now: Callable[[], float] = time.monotonic,
        started_at: datetime | None = None,
        max_bytes: int = _MAX_BYTES,
    ) -> None:
        self._file = file
        self._now = now
        self._began_at = now()
        self._bytes_left = max_bytes
        self._known: set[str] = set()
        self._calls = 0
        self._sockets = 0
        date = (started_at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")
        self.note("recording", version=_VERSION, started_at=date)

    @classmethod
    def in_directory(cls, directory: str | os.PathLike[str] | None, room: str = "") -> "Recorder":
        """Begin a recording in a new file, readable by its user alone.

        Args:
            directory: Created if it does not exist; None or empty records nothing.
            room: Name of the call's room. The file's name holds only a hash of it, to find the recording of a room.
        """
        if not directory:
            return cls()
        now = datetime.now(UTC)
        prefix = f"{now:%Y%m%dT%H%M%SZ}-{hashlib.sha256(room.encode()).hexdigest()[:_ROOM_CHARS]}-"
        parent = Path(directory).expanduser()
        try:
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=prefix, suffix=".jsonl", dir=parent)
            os.close(handle)
            return cls(Path(name).open("w", encoding="utf-8", buffering=1), started_at=now)
        except OSError as error:
            _warn(error)
            return cls()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def path(self) -> Path | None:
        """The file; None if nothing is recorded."""
        return None if self._file is None else Path(self._file.name)

    def note(self, text: str, **fields: JSON) -> None:
        """Record a fact that no message contains.

        Args:
            text: A constant sentence.
            fields: Its values; see `docs/recording.md` for those that a reader uses.
        """
        self._add("note", lambda: {"text": text, **fields})

    @contextmanager
    def call(
        self, method: str, path: str, *, auth: Literal["key", "token"] | None, secret: str = "", body: JSON = None
    ) -> Iterator[Replied]:
        """Record a REST call: the request at once, then the reply, or why there was none.

        Args:
            method: HTTP method.
            path: The path with the query, without the host.
            auth: How the call is authorised.
            secret: The call's key or token.
            body: JSON.

        Yields:
            A function to call with the reply's status, headers and body.
        """
        self._calls += 1
        number, replied = self._calls, False
        self._know(secret)
        self._add(
            "request",
            lambda: {
                "call": number,
                "method": method,
                "path": redact_path(path, self._known),
                "auth": auth,
                "body": self._redacted(body, Place.REQUEST),
            },
        )

        def reply(status: int, headers: Mapping[str, str], content: bytes) -> None:
            nonlocal replied
            replied = True
            place = Place.SESSIONS if path.startswith("/v1/sessions") else Place.REPLY
            self._add("reply", lambda: {"call": number, "status": status, **self._reply(headers, content, place)})

        try:
            yield reply
        except BaseException as error:
            reason = _no_answer(error)
            if not replied:
                self._add("reply", lambda: {"call": number, "error": reason})
            raise

    def opened(self, url: str, *, status: int | None = 101) -> "RecordedSocket":
        """Record the end of a WebSocket handshake.

        Args:
            url: The credential; only its scheme and host are recorded.
            status: 101 for an open WebSocket, another HTTP status for one that was refused, None for no answer.
        """
        self._sockets += 1
        number = self._sockets
        self._add("open", lambda: {"socket": number, "url": self._redacted(url, Place.MESSAGE), "status": status})
        return RecordedSocket(self._add, self._redacted, number)

    def close(self) -> None:
        """End the recording."""
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except OSError as error:
                _warn(error)

    def _reply(self, headers: Mapping[str, str], content: bytes, place: Place) -> dict[str, JSON]:
        kept = kept_headers(headers, self._known)
        return {**({"headers": kept} if kept else {}), "body": self._body(content, place)}

    def _body(self, content: bytes, place: Place) -> JSON:
        if not content:
            return None
        try:
            return self._redacted(json.loads(content), place)
        except _UNREADABLE:
            return {"text": digest(content)}

    def _redacted(self, value: JSON, place: Place) -> JSON:
        self._know(*secrets_in(value, place))
        return redact(value, place, self._known)

    def _know(self, *secrets: str) -> None:
        if self._file is not None:
            self._known.update(secret for secret in secrets if secret)

    def _add(self, kind: str, fields: Callable[[], dict[str, JSON]]) -> None:
        if self._file is None:
            return
        try:
            self._write(self._file, kind, fields())
        except Exception as error:  # noqa: BLE001 - whatever the failure: a call does not fail because of its recording
            _warn(error)
            self.close()

    def _write(self, file: TextIO, kind: str, fields: dict[str, JSON]) -> None:
        line = self._line(kind, fields)
        self._bytes_left -= len(line)
        if self._bytes_left >= 0:
            file.write(line)
        else:
            file.write(self._line("note", {"text": _FULL}))
            self.close()

    def _line(self, kind: str, fields: dict[str, JSON]) -> str:
        return json.dumps({"at": round(self._now() - self._began_at, 3), "kind": kind, **fields}) + "\n"


class RecordedSocket:
    """The recording of one WebSocket; created by `Recorder.opened`."""

    def __init__(
        self,
        add: Callable[[str, Callable[[], dict[str, JSON]]], None],
        redacted: Callable[[JSON, Place], JSON],
        number: int,
    ) -> None:
        self._add = add
        self._redacted = redacted
        self._number = number
        self._is_closed = False

    def sent(self, message: str | bytes) -> None:
        """Record a message of ours."""
        self._add("send", lambda: self._fields(message))

    def received(self, message: str | bytes) -> None:
        """Record a message of the service."""
        self._add("receive", lambda: self._fields(message))

    def closed(self, code: int | None, *, by: Literal["client", "service"]) -> None:
        """Record the end of the WebSocket, once.

        Args:
            code: The close code; None or 1006 for a connection that was lost without one.
            by: Who closed it. A lost connection counts as closed by the service.
        """
        if not self._is_closed:
            self._is_closed = True
            self._add("close", lambda: {"socket": self._number, "code": code or 1006, "by": by})

    def _fields(self, message: str | bytes) -> dict[str, JSON]:
        is_binary = isinstance(message, bytes)
        with suppress(*_UNREADABLE):
            value = None if is_binary else json.loads(message)
            if isinstance(value, dict):
                return {"socket": self._number, "message": self._redacted(value, Place.MESSAGE)}
        data = message if isinstance(message, bytes) else message.encode("utf-8", "surrogatepass")
        return {"socket": self._number, "data": {**digest(data), "binary": is_binary}}


def _no_answer(error: BaseException) -> str:
    match error:
        case TimeoutError():
            return "timeout"
        case asyncio.CancelledError():
            return "cancelled"
    return "connection"


def _warn(error: Exception) -> None:
    logger.warning("the call is not recorded any further", extra={"reason": type(error).__name__})
