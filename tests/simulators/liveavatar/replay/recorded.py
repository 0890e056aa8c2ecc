"""A recording for the tests: a session that says two sentences, is interrupted, and is closed by the service."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[4] / "docs" / "recording.md"


def example() -> list[str]:
    """Return the lines of the example in docs/recording.md."""
    blocks = re.findall(r"```json\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    return str(blocks[-1]).splitlines()


def lines(*entries: tuple[float, str, dict[str, Any]]) -> list[str]:
    """Return a recording of these lines."""
    head = (0.0, "note", {"text": "recording", "version": 1, "started_at": "2026-12-01T10:00:00Z"})
    return [json.dumps({"at": at, "kind": kind, **fields}) for at, kind, fields in (head, *entries)]


def sent(at: float, kind: str, event_id: str) -> tuple[float, str, dict[str, Any]]:
    """Return the line of a command that the client sends."""
    return at, "send", {"socket": 1, "message": {"type": kind, "event_id": event_id}}


def received(at: float, kind: str, **fields: Any) -> tuple[float, str, dict[str, Any]]:
    """Return the line of a message that the service sends."""
    return at, "receive", {"socket": 1, "message": {"type": kind, **fields}}


OPEN = (1.0, "open", {"socket": 1, "url": "wss://x/<redacted:9>", "status": 101})

TALK = lines(
    OPEN,
    received(1.3, "session.state_updated", state="connected"),
    sent(2.0, "agent.speak", "u1"),
    received(2.1, "agent.audio_buffer_appended", source_event_id="u1"),
    sent(2.2, "agent.speak", "u1"),
    received(2.6, "agent.speak_started", source_event_id="u1"),
    sent(3.0, "agent.speak_end", "u1"),
    received(4.0, "agent.speak_ended", source_event_id="u1"),
    sent(5.0, "session.keep_alive", "k1"),
    sent(6.0, "agent.interrupt", "i1"),
    received(6.2, "agent.audio_buffer_cleared", source_event_id="i1"),
    received(6.3, "error", error={"type": "server_error", "message": "oops", "event_id": "i1"}),
    (7.0, "close", {"socket": 1, "code": 4001, "by": "service"}),
)
