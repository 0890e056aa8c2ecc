"""One streaming conversation on `/v1/listen`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import WSMsgType, web

from simulators.deepgram import messages
from simulators.deepgram.endpointer import Endpointer, Event, SilenceLasted, SpeechEnded, SpeechStarted
from simulators.deepgram.transcriber import Transcriber
from simulators.speech import SpeechError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from simulators.deepgram.options import ListenOptions
    from simulators.speech import Recogniser

logger = logging.getLogger(__name__)

# Seconds without a message; https://developers.deepgram.com/docs/audio-keep-alive
_IDLE_TIMEOUT = 10.0


class Listener:
    """Receives a client's audio and commands, and answers with events and transcripts."""

    def __init__(
        self, ws: web.WebSocketResponse, recogniser: Recogniser, options: ListenOptions, *, request_id: str
    ) -> None:
        self._ws = ws
        self._options = options
        self._request_id = request_id
        self._sha256 = hashlib.sha256()
        self._endpointer = Endpointer(
            options.rate_hz, endpointing=options.endpointing, utterance_end=options.utterance_end
        )
        self._transcriber = Transcriber(
            recogniser, ws.send_json, request_id=request_id, interim_results=options.interim_results
        )

    async def run(self) -> None:
        """Serve the client until it closes the stream, leaves or is silent for too long."""
        async with stream_of(self._ws) as tasks:
            transcribing = tasks.create_task(self._transcriber.run())
            if await receive(self._ws, self._hear, self._obey):
                await self._transcriber.close()
            else:
                transcribing.cancel()

    async def _hear(self, pcm: bytes) -> None:
        self._sha256.update(pcm)
        for event in self._endpointer.push(pcm):
            await self._tell(event)
        if self._endpointer.utterance:
            self._transcriber.hear(self._endpointer.utterance)

    async def _tell(self, event: Event) -> None:
        match event:
            case SpeechStarted(at):
                if self._options.vad_events:
                    await self._ws.send_json(messages.speech_started(at))
            case SpeechEnded(utterance, is_cut):
                await self._transcriber.finish(utterance, speech_final=not is_cut)
            case SilenceLasted(last_word_end):
                await self._transcriber.send(messages.utterance_end(last_word_end))

    async def _obey(self, text: str) -> bool:
        """Carry out a command; return whether it is the last."""
        command = command_of(text)
        if command in ("Finalize", "CloseStream") and (utterance := self._endpointer.finalize()):
            await self._transcriber.finish(utterance, speech_final=True, from_finalize=command == "Finalize")
        if command != "CloseStream":
            return False  # KeepAlive has no other effect than its arrival
        summary = messages.metadata(
            request_id=self._request_id, sha256=self._sha256.hexdigest(), duration=self._endpointer.position
        )
        await self._transcriber.send(summary)
        return True


@asynccontextmanager
async def stream_of(ws: web.WebSocketResponse) -> AsyncIterator[asyncio.TaskGroup]:
    """Run the tasks of a stream; they end when the client leaves or the recogniser fails."""
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except* ConnectionError:
        logger.debug("the client left while a transcript was on its way")
    except* SpeechError as failures:
        logger.warning("recognition failed", extra={"error": str(failures.exceptions[0])})
        await ws.close(code=1011, message=b"NET-0000")


async def receive(
    ws: web.WebSocketResponse, hear: Callable[[bytes], Awaitable[None]], obey: Callable[[str], Awaitable[bool]]
) -> bool:
    """Receive audio and commands; return whether the client asked for the end and waits for the last transcripts.

    Args:
        ws: The client's WebSocket.
        hear: Takes audio.
        obey: Takes a command; returns true for the last one.
    """
    while True:
        try:
            message = await ws.receive(timeout=_IDLE_TIMEOUT)
        except TimeoutError:
            await ws.close(code=1011, message=b"NET-0001")
            return False
        if message.type is WSMsgType.BINARY:
            await hear(message.data)
        elif message.type is not WSMsgType.TEXT:
            return False
        elif await obey(message.data):
            return True


def command_of(text: str) -> str:
    """Return the type of a control message; empty for anything else, which has no effect, like unknown types."""
    try:
        return str(json.loads(text)["type"])
    except (ValueError, TypeError, LookupError):
        return ""
