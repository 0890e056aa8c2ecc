"""The JSON objects in the body of a streamed completion, however the server frames them."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from livekit.agents import APIStatusError

# Seconds to wait for the end of a body after its last event. The connection can be reused only if the body was read
# whole, and some servers don't end it.
_DRAIN_TIMEOUT = 0.2

_DONE = "[DONE]"

# Fields with the reason of an error.
_REASONS = ("message", "detail")


async def replies_in(lines: AsyncIterator[str]) -> AsyncIterator[Mapping[str, Any]]:
    """Read server-sent events, lines of JSON, or one JSON object instead of a stream.

    Args:
        lines: The lines of a successful response's body.

    Raises:
        APIStatusError: The server reports an error within its stream.
    """
    framing = Framing()
    async for line in lines:
        if _data_of(line) == _DONE:
            with suppress(TimeoutError):
                async with asyncio.timeout(_DRAIN_TIMEOUT):
                    async for _ in lines:
                        pass
            return
        if reply := framing.take(line):
            if error := _error_in(reply):
                raise _error(error)
            yield reply


class Framing:
    """Finds the JSON objects in the lines of a body; other text is ignored. Pure."""

    def __init__(self) -> None:
        self._begun = ""

    def take(self, line: str) -> Mapping[str, Any] | None:
        """Take a line, and return the object that it completes."""
        data = _data_of(line)
        if not data:
            self._begun = ""
            return None
        whole = f"{self._begun}\n{data}"
        for text in (data, whole) if not self._begun or _is_event(line) else (whole,):
            with suppress(ValueError):
                reply = json.loads(text, strict=False)
                # Gemini puts an error into a list.
                if isinstance(reply, list) and reply:
                    [reply, *_] = reply
                if isinstance(reply, dict):
                    self._begun = ""
                    return reply
        self._begun = whole if self._begun or data.startswith("{") else ""
        return None


def _is_event(line: str) -> bool:
    return line.lstrip("\ufeff").startswith("data:")


def _data_of(line: str) -> str:
    return line.lstrip("\ufeff").removeprefix("data:").strip()


def _error_in(reply: Mapping[str, Any]) -> Any:
    """Return an error, which some servers (vLLM, FastAPI's) send as the reply itself; None if there is none."""
    if reply.get("error") or "choices" in reply:
        return reply.get("error")
    return reply if any(isinstance(reply.get(name), str) for name in _REASONS) else None


def _error(error: Any) -> APIStatusError:
    described = error if isinstance(error, dict) else {"message": str(error)}
    code = str(described.get("code") or described.get("status") or "")
    message = next((str(described[name]) for name in _REASONS if described.get(name)), "an error within the stream")
    return APIStatusError(message, status_code=int(code) if code.isdigit() else -1, body=described)
