"""Reads a recording of a call, in the format of docs/recording.md."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

# A message on a WebSocket.
Message: TypeAlias = dict[str, Any]

VERSION = 1


class RecordingError(Exception):
    """A text is not a recording; the message says why, and in which line."""


@dataclass(frozen=True, slots=True)
class RecordedCall:
    """A REST request.

    Attributes:
        method: HTTP method.
        path: Path without the host.
        takes: Seconds until its answer.
        status: Status of the answer; None if there was none.
        headers: Headers of the answer.
        body: Body of the answer.
    """

    method: str
    path: str
    takes: float = 0.0
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(slots=True)
class Cue:
    """An action of the client on a WebSocket, and the service's reaction.

    Attributes:
        kind: Type of the client's message; None for the handshake, and for frames that are not messages.
        event_id: Id of the client's message.
        answers: Messages of the service, each with its delay in seconds.
        close: Delay in seconds and code with which the service closed; None if it did not.
    """

    kind: str | None = None
    event_id: str | None = None
    answers: list[tuple[float, Message]] = field(default_factory=list)
    close: tuple[float, int] | None = None


@dataclass(slots=True)
class RecordedSocket:
    """A WebSocket; `status` is 101 if it was opened."""

    status: int
    cues: list[Cue]


@dataclass(slots=True)
class Recording:
    """The service's side of one call: its REST requests and WebSockets, in the order in which they began."""

    calls: list[RecordedCall] = field(default_factory=list)
    sockets: list[RecordedSocket] = field(default_factory=list)


def read_recording(lines: Iterable[str]) -> Recording:
    """Read a recording.

    Args:
        lines: Lines with one JSON object each.

    Raises:
        RecordingError: A line is not an object of the format, or the version is unknown.
    """
    reader = _Reader()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            reader.read(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"line {number} is not in the format of docs/recording.md: {error!r}"
            raise RecordingError(message) from None
    return reader.recording()


class _Reader:
    def __init__(self) -> None:
        self._calls: dict[int, tuple[float, RecordedCall]] = {}
        self._sockets: dict[int, RecordedSocket] = {}
        self._cued_at: dict[int, float] = {}

    def read(self, line: dict[str, Any]) -> None:
        at = float(line["at"])
        match line["kind"]:
            case "note" if line["text"] == "recording" and line["version"] != VERSION:
                message = f"version {line['version']} is not {VERSION}"
                raise ValueError(message)
            case "request":
                self._calls[line["call"]] = (at, RecordedCall(line["method"], line["path"]))
            case "reply" if "status" in line:
                began_at, call = self._calls[line["call"]]
                headers = {str(name): str(value) for name, value in line.get("headers", {}).items()}
                answered = RecordedCall(
                    call.method, call.path, at - began_at, int(line["status"]), headers, line["body"]
                )
                self._calls[line["call"]] = (began_at, answered)
            case "open":
                self._sockets[line["socket"]] = RecordedSocket(line["status"] or 0, [Cue()])
                self._cued_at[line["socket"]] = at
            case "send":
                message = line.get("message", {})
                self._sockets[line["socket"]].cues.append(Cue(message.get("type"), message.get("event_id")))
                self._cued_at[line["socket"]] = at
            case "receive" if "message" in line:
                later = at - self._cued_at[line["socket"]]
                self._sockets[line["socket"]].cues[-1].answers.append((later, line["message"]))
            case "close" if line["by"] == "service":
                later = at - self._cued_at[line["socket"]]
                self._sockets[line["socket"]].cues[-1].close = (later, int(line["code"]))

    def recording(self) -> Recording:
        return Recording([call for _, call in self._calls.values()], list(self._sockets.values()))
