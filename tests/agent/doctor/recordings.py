"""Recordings of calls for tests, written by the recorder itself, of a service that behaves as observed."""

import base64
import io
import json
from dataclasses import dataclass, field
from typing import Any

from agent.doctor.recorded import RecordedCall, parse
from avatar.recording import RecordedSocket, Recorder

WS_URL = "wss://webrtc-signaling.heygen.io/v2-alpha/interactive-avatar/session/3f7c2a10"
SECOND = 48_000


@dataclass
class Tape:
    """A recorder whose clock is set by hand."""

    now: float = 0.0
    file: io.StringIO = field(default_factory=io.StringIO)

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.file, now=lambda: self.now)

    @property
    def call(self) -> RecordedCall:
        """Return what was recorded so far."""
        return parse(self.file.getvalue().splitlines())

    def rest(
        self, at: float, took: float, path: str, data: Any = None, *, status: int = 200, code: int = 100, **more: Any
    ) -> None:
        """Record a REST call."""
        self.now = at
        body = more.get("body")
        with self.recorder.call("POST", path, auth="key", secret="the-api-key", body=body) as reply:
            self.now = at + took
            envelope = {"code": code, "data": data, "message": more.get("message", "Success")}
            reply(status, more.get("headers", {}), json.dumps(envelope).encode())

    def open(self, at: float) -> RecordedSocket:
        """Record a WebSocket."""
        self.now = at
        return self.recorder.opened(WS_URL)

    def note(self, at: float, text: str, **fields: Any) -> None:
        """Record a note."""
        self.now = at
        self.recorder.note(text, **fields)

    def receive(self, at: float, socket: RecordedSocket, kind: str, **fields: Any) -> None:
        """Record a message from the service."""
        self.now = at
        socket.received(json.dumps({"type": kind, **fields}))

    def speak(self, at: float, socket: RecordedSocket, event_id: str, seconds: float) -> None:
        """Record speech and its end, sent at once."""
        self.now = at
        audio = base64.b64encode(bytes(round(seconds * SECOND))).decode()
        socket.sent(json.dumps({"type": "agent.speak", "event_id": event_id, "audio": audio}))
        socket.sent(json.dumps({"type": "agent.speak_end", "event_id": event_id}))

    def send(self, at: float, socket: RecordedSocket, kind: str, event_id: str) -> None:
        """Record another message to the service."""
        self.now = at
        socket.sent(json.dumps({"type": kind, "event_id": event_id}))


def as_observed() -> Tape:
    """Return a call of 20 s with a service that behaves as the field observations say."""
    tape = Tape()
    rate = {"X-RateLimit-Limit": "10"}
    tape.rest(0.0, 0.2, "/v1/users/credits", {"credits_left": "10.0"}, headers=rate)
    body = {"livekit_config": {"livekit_url": "wss://mine.example", "livekit_room": "r"}, "is_sandbox": False}
    tape.rest(0.3, 0.7, "/v1/sessions/token", {"session_id": "s-1", "session_token": "jwt"}, body=body)
    started = {"session_id": "s-1", "ws_url": WS_URL, "max_session_duration": 1200}
    tape.rest(1.0, 2.0, "/v1/sessions/start", started, status=201)
    first = tape.open(3.2)
    tape.receive(3.5, first, "session.state_updated", state="connected")
    tape.note(4.2, "avatar joined")
    tape.note(4.3, "avatar track", name="avatar", source="camera", codec="video/H264")
    tape.note(4.3, "avatar track", name="avatar-audio", source="microphone", codec="audio/opus")
    tape.note(4.4, "avatar audio")
    tape.speak(5.0, first, "u1", 6.0)
    tape.receive(5.1, first, "agent.audio_buffer_appended", source_event_id="u1")
    tape.receive(7.9, first, "agent.state_updated", new_state="talking")
    tape.receive(7.9, first, "agent.speak_started", source_event_id="u1")
    tape.note(8.0, "avatar audible")
    tape.note(8.1, "avatar video", width=1280, height=720, frames_per_second=25.1)
    tape.send(9.5, first, "agent.interrupt", "i1")
    tape.receive(9.69, first, "agent.audio_buffer_cleared", source_event_id="i1")
    tape.receive(9.7, first, "agent.state_updated", new_state="idle")
    tape.note(10.5, "avatar silent", silent_for=0.6)
    tape.speak(11.0, first, "u2", 3.0)
    tape.receive(11.1, first, "agent.audio_buffer_committed", source_event_id="u2")
    tape.receive(11.6, first, "agent.speak_started", source_event_id="u2")
    tape.note(11.7, "avatar audible")
    tape.receive(14.6, first, "agent.speak_ended", source_event_id="u2")
    tape.note(15.3, "avatar silent", silent_for=0.6)
    tape.rest(15.4, 0.1, "/v1/sessions/keep-alive")
    tape.now = 15.6
    first.closed(1000, by="client")
    second = tape.open(15.8)
    tape.speak(16.0, second, "u3", 1.0)
    tape.note(16.7, "avatar audible")
    tape.note(18.3, "avatar silent", silent_for=0.6)
    tape.rest(19.0, 0.2, "/v1/sessions/stop")
    tape.note(19.3, "avatar left")
    tape.now = 19.4
    second.closed(1000, by="service")
    tape.rest(19.5, 0.1, "/v1/sessions/stop", status=404, code=4040, message="Session not found")
    tape.rest(19.7, 0.1, "/v1/users/credits", {"credits_left": "9.7"})
    return tape
