"""A client of the model, in virtual time."""

from __future__ import annotations

import base64
import json
from typing import Any

import jwt

from simulators.liveavatar.model import (
    DRAWN_FACE_ID,
    RATE_HZ,
    Habits,
    Happening,
    Replied,
    ServiceModel,
    Session,
    SocketText,
)

KEY = {"X-API-KEY": "stand-in"}
GRANTS = {"roomJoin": True, "room": "r", "canPublish": True, "canSubscribe": True, "canPublishData": True}


def room_token(**changes: object) -> str:
    """Return a room token with these grants changed; None leaves one out."""
    grants = {name: value for name, value in {**GRANTS, **changes}.items() if value is not None}
    return jwt.encode({"sub": "the-avatar", "video": grants}, "a-secret-of-more-than-thirty-two-characters")


def token_request(**changes: object) -> dict[str, object]:
    """Return the body of a token call that the service accepts."""
    room = {"livekit_url": "wss://x", "livekit_room": "r", "livekit_client_token": room_token()}
    return {"avatar_id": DRAWN_FACE_ID, "livekit_config": room, **changes}


def bearer(token: str) -> dict[str, str]:
    """Return the header that carries a session token."""
    return {"Authorization": f"Bearer {token}"}


class Client:
    """A client that acts on a model, lets time pass, and keeps the events."""

    def __init__(self, habits: Habits | None = None) -> None:
        self.model = ServiceModel(habits or Habits(), now=0.0)
        self.now = 0.0
        self.happened: list[tuple[float, Happening]] = []

    def wait(self, seconds: float) -> None:
        """Let time pass, step by step."""
        until = self.now + seconds
        while (at := self.model.next_at()) is not None and at <= until:
            self.now = max(self.now, at)
            self.happened += [(self.now, happening) for happening in self.model.advance(self.now)]
        self.now = until

    def call(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Any:
        """Make a REST call and wait for its answer."""
        number = self.ask(method, path, body, headers)
        while (reply := self.reply(number)) is None:
            self.wait(0.05)
        return reply

    def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> int:
        """Make a REST call without waiting."""
        return self.model.request(method, path, KEY if headers is None else headers, body, self.now)

    def reply(self, number: int) -> Any:
        """Return the answer to a call, None before it came."""
        replies = (each for _, each in self.happened if isinstance(each, Replied) and each.request_id == number)
        return next(replies, None)

    def create(self, **changes: object) -> Any:
        """Get a session token, and return the answer's data."""
        answer = self.call("POST", "/v1/sessions/token", token_request(**changes))
        assert answer.status == 200, answer
        return answer.body["data"]

    def start(self, **changes: object) -> Any:
        """Get a token and start the session; return the data of both answers."""
        created = self.create(**changes)
        answer = self.call("POST", "/v1/sessions/start", headers=bearer(created["session_token"]))
        assert answer.status == 201, answer
        return created | answer.body["data"]

    def stop(self, session: Any, reason: str = "USER_CLOSED") -> Any:
        """Stop a session by its id."""
        return self.call("POST", "/v1/sessions/stop", {"session_id": session["session_id"], "reason": reason})

    def open(self, session: Any) -> int:
        """Open a session's WebSocket, wait until it is open, and return its id."""
        socket_id = self.model.open_socket(session["ws_url"], self.now)
        self.wait(self.model.habits.socket_takes)
        return socket_id

    def send(self, socket_id: int, kind: str, event_id: str, **fields: object) -> None:
        """Send a command."""
        self.model.receive(socket_id, json.dumps({"type": kind, "event_id": event_id, **fields}), self.now)

    def speak(self, socket_id: int, seconds: float, event_id: str = "u1") -> None:
        """Send speech, and its end."""
        audio = base64.b64encode(b"\1\0" * round(seconds * RATE_HZ)).decode()
        self.send(socket_id, "agent.speak", event_id, audio=audio)
        self.send(socket_id, "agent.speak_end", event_id)

    def session(self, session: Any) -> Session:
        """Return the session as the model knows it."""
        return self.model.session(session["session_id"])

    def told(self, socket_id: int) -> list[dict[str, Any]]:
        """Return the messages that came on a WebSocket."""
        texts = (each.text for _, each in self.happened if isinstance(each, SocketText) and each.socket_id == socket_id)
        return [json.loads(text) for text in texts]

    def kinds(self, socket_id: int) -> list[str]:
        """Return the messages' types; for a session's state the state."""
        return [message.get("state") or message["type"].removeprefix("agent.") for message in self.told(socket_id)]

    def when(self, socket_id: int, kind: str) -> float | None:
        """Return when a message of this type, or with this state, came first; None if it has not."""
        for at, each in self.happened:
            if isinstance(each, SocketText) and each.socket_id == socket_id:
                message = json.loads(each.text)
                if kind in (message["type"].removeprefix("agent."), message.get("state")):
                    return at
        return None
