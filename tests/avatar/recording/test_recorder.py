"""The recorder: writes a line for each event at once, has a size limit, and never raises into the call."""

import asyncio
import io
import json
import logging
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.recording import Recorder
from tests.avatar.recording.recorded import lines_in, text_in

URL = "wss://x.example/v2/session/3f7c2a10?key=hush-hush"


class Clock:
    """Monotonic seconds that the test sets."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def written(file: io.StringIO) -> list[dict[str, Any]]:
    """Return the lines that were written."""
    return [json.loads(line) for line in file.getvalue().splitlines()]


def test_the_first_line_has_version_and_date() -> None:
    """A reader checks the version before it reads on."""
    file = io.StringIO()
    Recorder(file, started_at=datetime(2026, 12, 1, 10, tzinfo=UTC))

    assert written(file) == [
        {"at": 0.0, "kind": "note", "text": "recording", "version": 1, "started_at": "2026-12-01T10:00:00Z"}
    ]


def test_a_call_is_its_request_and_its_reply() -> None:
    """A call has the times of both, redacted content, and the headers about the rate limit."""
    file, clock = io.StringIO(), Clock()
    recorder = Recorder(file, now=clock)
    clock.now += 1
    body: Any = {"avatar_id": "a", "livekit_config": {"livekit_url": "wss://mine.example", "livekit_room": "mine"}}
    with recorder.call("POST", "/v1/sessions/token", auth="key", secret="the-api-key", body=body) as reply:
        clock.now += 0.5
        reply(200, {"X-RateLimit-Remaining": "9", "Date": "x"}, b'{"code": 100, "data": {"session_id": "s-1"}}')
    request, answer = written(file)[1:]

    assert request == {
        "at": 1.0,
        "kind": "request",
        "call": 1,
        "method": "POST",
        "path": "/v1/sessions/token",
        "auth": "key",
        "body": {
            "avatar_id": "a",
            "livekit_config": {"livekit_url": "<redacted:18>", "livekit_room": "<redacted:4>"},
        },
    }
    assert answer == {
        "at": 1.5,
        "kind": "reply",
        "call": 1,
        "status": 200,
        "headers": {"X-RateLimit-Remaining": "9"},
        "body": {"code": 100, "data": {"session_id": "<redacted:3>"}},
    }


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b"", None),
        (b"[1, 2]", [1, 2]),
        (b"<html>", {"text": {"bytes": 6, "sha256": "b7d082ee12e91b75"}}),
        (b"\xff\xfe", {"text": {"bytes": 2, "sha256": "b3d510ef04275ca8"}}),
    ],
)
def test_a_body_that_is_not_json_is_recorded_as_length_and_hash(content: bytes, body: Any) -> None:
    """An empty body is recorded as none."""
    file = io.StringIO()
    with Recorder(file).call("GET", "/v1/x", auth=None) as reply:
        reply(502, {}, content)

    assert written(file)[-1]["body"] == body


@pytest.mark.parametrize(
    ("error", "reason"),
    [(TimeoutError(), "timeout"), (asyncio.CancelledError(), "cancelled"), (OSError(), "connection")],
    ids=str,
)
def test_a_call_without_an_answer_records_the_reason(error: BaseException, reason: str) -> None:
    """The error itself is raised to the caller."""
    file = io.StringIO()
    recorder = Recorder(file)
    with pytest.raises(type(error)), recorder.call("GET", "/v1/x", auth="key"):
        raise error

    assert written(file)[-1] | {"at": 0} == {"at": 0, "kind": "reply", "call": 1, "error": reason}


def test_overlapping_calls_are_matched_by_number() -> None:
    """A reply carries the number of its request."""
    file = io.StringIO()
    recorder = Recorder(file)
    with recorder.call("GET", "/1", auth="key") as first, recorder.call("GET", "/2", auth="key") as second:
        second(200, {}, b"")
        first(404, {}, b"")

    assert [(line["call"], line.get("path"), line.get("status")) for line in written(file)[1:]] == [
        (1, "/1", None),
        (2, "/2", None),
        (2, None, 200),
        (1, None, 404),
    ]


def test_a_websocket_is_recorded_from_its_handshake_to_its_close() -> None:
    """Messages of both directions are recorded, and the close once."""
    file = io.StringIO()
    socket = Recorder(file).opened(URL)
    socket.sent('{"type": "agent.speak", "event_id": "u1", "audio": "AAAA"}')
    socket.received('{"type": "agent.speak_started", "source_event_id": "u1"}')
    socket.received("no JSON")
    socket.received(b"\x00")
    socket.closed(1000, by="service")
    socket.closed(None, by="client")
    lines = written(file)[1:]

    assert [(line["kind"], line["socket"]) for line in lines] == [
        ("open", 1),
        ("send", 1),
        ("receive", 1),
        ("receive", 1),
        ("receive", 1),
        ("close", 1),
    ]
    assert (lines[0]["url"], lines[0]["status"]) == ("wss://x.example/<redacted:33>", 101)
    assert lines[1]["message"]["audio"] == {"bytes": 3, "sha256": "709e80c88487a241"}
    assert lines[2]["message"] == {"type": "agent.speak_started", "source_event_id": "u1"}
    assert [line["data"]["binary"] for line in lines[3:5]] == [False, True]
    assert (lines[5]["code"], lines[5]["by"]) == (1000, "service")


@pytest.mark.parametrize("status", [403, None])
def test_a_refused_websocket_has_a_line(status: int | None) -> None:
    """The line has the status, or none if the service did not answer; the next WebSocket has the next number."""
    file = io.StringIO()
    recorder = Recorder(file)
    recorder.opened(URL, status=status)
    recorder.opened(URL).closed(None, by="service")

    assert [(line["socket"], line.get("status"), line.get("code")) for line in written(file)[1:]] == [
        (1, status, None),
        (2, 101, None),
        (2, None, 1006),
    ]


def test_a_known_secret_is_redacted_everywhere() -> None:
    """The key, a token and a WebSocket's URL are redacted in all later lines, of both kinds."""
    file = io.StringIO()
    recorder = Recorder(file)
    with recorder.call("POST", "/v1/sessions/start", auth="token", secret="the-session-token") as reply:
        reply(201, {}, json.dumps({"data": {"session_id": "a-session-id", "ws_url": URL}}).encode())
    socket = recorder.opened(URL)
    message = {"type": "error", "error": {"message": f"the-session-token a-session-id 3f7c2a10 hush-hush {URL}"}}
    socket.received(json.dumps(message))

    assert not [
        secret for secret in ("the-session-token", "a-session-id", "3f7c2a10", "hush-hush") if secret in file.getvalue()
    ]


def test_each_recording_is_a_private_file_of_its_own(tmp_path: Path) -> None:
    """The file's name has the time and a hash of the room's name, not the name itself."""
    directory = tmp_path / "new" / "recordings"
    with (
        Recorder.in_directory(directory, "my-secret-room") as first,
        Recorder.in_directory(directory, "my-secret-room"),
    ):
        path = first.path
    files = sorted(directory.iterdir())

    assert path in files
    assert len(files) == 2
    assert len({file.name.split("-")[1] for file in files}) == 1
    assert not [file for file in files if "room" in file.name]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_every_line_is_in_the_file_at_once(tmp_path: Path) -> None:
    """Each line is flushed, so that the recording survives a killed process."""
    with Recorder.in_directory(tmp_path) as recorder:
        recorder.note("avatar joined", after=1.5)
        lines = lines_in(tmp_path)

    assert [(line["text"], line["after"]) for line in lines] == [("avatar joined", 1.5)]


def test_a_full_recording_ends_with_a_note() -> None:
    """Only that line exceeds the limit, and the file is closed."""

    class Kept(io.StringIO):
        closed_text = ""

        def close(self) -> None:
            self.closed_text = self.getvalue()
            super().close()

    file = Kept()
    recorder = Recorder(file, max_bytes=1000)
    for _ in range(100):
        recorder.note("avatar left")
    lines = [json.loads(line) for line in file.closed_text.splitlines()]

    assert lines[-1]["text"] == "recording full"
    assert lines[-2]["text"] == "avatar left"
    assert len(file.closed_text) < 1000 + 100
    assert recorder.path is None


@pytest.mark.parametrize("directory", ["file", "file/below"])
def test_a_directory_that_cannot_be_written_is_logged_once(
    tmp_path: Path, directory: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The call continues without a recording."""
    (tmp_path / "file").touch()
    recorder = Recorder.in_directory(tmp_path / directory)
    recorder.note("avatar left")
    recorder.opened(URL).sent("{}")

    assert recorder.path is None
    assert [record.message for record in caplog.records] == ["the call is not recorded any further"]


def test_a_full_disk_ends_the_recording(caplog: pytest.LogCaptureFixture) -> None:
    """A full disk raises nothing into the call and is logged once."""

    class Full(io.StringIO):
        def write(self, text: str, /) -> int:
            raise OSError(28, "No space left on device")

    recorder = Recorder(Full())
    with recorder.call("GET", "/v1/x", auth="key", secret="the-api-key") as reply:
        reply(200, {}, b"{}")
    recorder.opened(URL).received("{}")

    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_without_a_directory_nothing_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every method works without a directory."""
    monkeypatch.chdir(tmp_path)
    for directory in (None, ""):
        recorder = Recorder.in_directory(directory)
        recorder.note("avatar left")
        socket = recorder.opened(URL)
        socket.sent("{}")
        socket.closed(1000, by="client")
        recorder.close()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("field", ["audio", "anything"])
def test_a_long_message_is_recorded_in_linear_time(field: str) -> None:
    """A megabyte without a URL is searched in linear time; a quadratic search would take hours."""
    file = io.StringIO()
    Recorder(file).opened(URL).received(json.dumps({"type": "x", field: "A" * 1_000_000}))

    assert written(file)[-1]["message"]["type"] == "x"


@given(st.text() | st.binary())
def test_no_message_breaks_the_recorder(message: str | bytes) -> None:
    """Each message gets its line of JSON."""
    file = io.StringIO()
    Recorder(file).opened(URL).received(message)

    assert len(written(file)) == 3


@pytest.mark.parametrize(
    "message",
    ["[" * 10_000, '{"a":' * 900 + "1" + "}" * 900, '"\\ud800"', '{"a": "\\ud800"}'],
    ids=["too deep to parse", "too deep to redact", "half a surrogate", "half a surrogate in an object"],
)
def test_an_odd_message_gets_its_line(message: str) -> None:
    """A message that can't be parsed is recorded as its length and a hash."""
    file = io.StringIO()
    Recorder(file).opened(URL).received(message)

    assert len(written(file)) == 3


def test_the_example_in_the_documentation_matches_the_recorder(tmp_path: Path) -> None:
    """A line is one JSON object, with the fields of each kind in order."""
    with Recorder.in_directory(tmp_path, "a-room"):
        pass

    assert text_in(tmp_path).startswith(
        '{"at": 0.0, "kind": "note", "text": "recording", "version": 1, "started_at": "'
    )
