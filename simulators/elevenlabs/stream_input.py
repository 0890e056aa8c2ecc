"""The two text-to-speech WebSockets: `stream-input` for one text, `multi-stream-input` for up to five at a time.

Source: https://elevenlabs.io/docs/api-reference/text-to-speech/v-1-text-to-speech-voice-id-stream-input and
v-1-text-to-speech-voice-id-multi-stream-input.
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, TypedDict

from aiohttp import WSMsgType, web

from simulators.elevenlabs.context import Context
from simulators.elevenlabs.text import TextBuffer
from simulators.speech import SpeechError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.elevenlabs.speaking import Voice

logger = logging.getLogger(__name__)

_MOST_CONTEXTS = 5
_POLICY_VIOLATION = 1008
_INTERNAL_ERROR = 1011


class _Message(TypedDict, total=False):
    """A client's message; settings of the voice have no effect here."""

    text: str
    context_id: str
    flush: bool
    try_trigger_generation: bool
    close_context: bool
    close_socket: bool


class _Refused(Exception):  # noqa: N818 - ends the conversation, as at the vendor
    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.error = error


class StreamInput:
    """One client's conversation.

    Args:
        ws: The socket, already open.
        new_voice: Makes the voice of a new context.
        is_multi: Whether messages name their context.
        auto_mode: Whether to speak every sentence at once.
        inactivity_timeout: Seconds without a message after which the socket is closed.
    """

    def __init__(
        self,
        ws: web.WebSocketResponse,
        new_voice: Callable[[], Voice],
        *,
        is_multi: bool,
        auto_mode: bool,
        inactivity_timeout: float,
    ) -> None:
        self._ws = ws
        self._new_voice = new_voice
        self._is_multi = is_multi
        self._auto_mode = auto_mode
        self._inactivity_timeout = inactivity_timeout
        self._contexts: dict[str, Context] = {}
        self._speaking: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve the client until everything it asked for is spoken, or until it leaves."""
        try:
            async with asyncio.TaskGroup() as tasks:
                await self._receive(tasks)
        except* ConnectionError:
            logger.debug("the client left while audio was on its way")
        except* _Refused as refused:
            await self._refuse(refused.exceptions[0])
        except* SpeechError as failures:
            logger.warning("synthesis failed", extra={"error": str(failures.exceptions[0])})
            await self._ws.close(code=_INTERNAL_ERROR)

    async def _receive(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            try:
                message = await self._ws.receive(timeout=self._inactivity_timeout)
            except TimeoutError as error:
                told = f"Have not received a new text input within {self._inactivity_timeout:.0f} seconds."
                code = "input_timeout_exceeded"
                raise _Refused(code, told) from error
            if message.type is not WSMsgType.TEXT:
                for task in self._speaking:
                    task.cancel()
                return
            if not await self._obey(_parse(message.data), tasks):
                return

    async def _obey(self, message: _Message, tasks: asyncio.TaskGroup) -> bool:
        """Carry out a message; return False if it is the last."""
        name = message.get("context_id", "default") if self._is_multi else ""
        if message.get("close_socket"):
            await asyncio.gather(*(context.close() for context in self._contexts.values()))
            return False
        if message.get("close_context"):
            await self._close(name)
        elif "text" in message:
            if not self._is_multi and not message["text"]:
                await self._close(name)
                return False
            flush = message.get("flush", False) or message.get("try_trigger_generation", False)
            await self._context(name, tasks).push(message["text"], flush=flush)
        elif message.get("flush") and name in self._contexts:
            await self._contexts[name].push("", flush=True)
        return True

    async def _close(self, name: str) -> None:
        if context := self._contexts.pop(name, None):
            await context.close()

    def _context(self, name: str, tasks: asyncio.TaskGroup) -> Context:
        if name in self._contexts:
            return self._contexts[name]
        # A closed context counts until it has spoken.
        if len(self._speaking) >= _MOST_CONTEXTS:
            code = "max_active_conversations"
            told = f"Maximum simultaneous contexts per WebSocket connection exceeded ({_MOST_CONTEXTS})."
            raise _Refused(code, told)
        context = Context(
            name if self._is_multi else None,
            voice=self._new_voice(),
            text=TextBuffer(auto_mode=self._auto_mode),
            send=self._ws.send_json,
        )
        self._contexts[name] = context
        task = tasks.create_task(context.run())
        self._speaking.add(task)
        task.add_done_callback(self._speaking.discard)
        return context

    async def _refuse(self, refused: Exception) -> None:
        assert isinstance(refused, _Refused)  # noqa: S101 - narrows what except* gives
        await self._ws.send_json({"message": str(refused), "error": refused.error, "code": _POLICY_VIOLATION})
        await self._ws.close(code=_POLICY_VIOLATION, message=refused.error.encode())


def _parse(text: str) -> _Message:
    code, told = "invalid_message", "A message is a JSON object, and its text a string."
    try:
        message: _Message = json.loads(text)
        is_valid = isinstance(message.get("text", ""), str)
    except (ValueError, AttributeError) as error:
        raise _Refused(code, told) from error
    if not is_valid:
        raise _Refused(code, told)
    return message
