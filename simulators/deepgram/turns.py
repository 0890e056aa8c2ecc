"""One streaming conversation on `/v2/listen`, as with Deepgram's Flux: turns instead of utterances.

A turn begins with its first word, may have ended after a short silence, and ends after a longer one. The states and the
order of the events are those of https://developers.deepgram.com/docs/flux/state.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from simulators.deepgram import messages
from simulators.deepgram.endpointer import Endpointer, SpeechEnded, Utterance
from simulators.deepgram.listen import command_of, receive, stream_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from simulators.deepgram.options import FluxOptions
    from simulators.speech import Recogniser, Recognition

# Seconds of silence after which a turn may have ended, and after which it has ended; the real model decides by the
# words, within 0.26 s and more (developers.deepgram.com/docs/flux/quickstart).
_MAY_END = 0.3
_ENDS = 0.6

# Seconds of speech between two reports. The model makes one each 0.25 s; the recogniser here is slower.
_UPDATE_EVERY = 0.6


class TurnListener:
    """Receives a client's audio and commands, and reports the state of each turn.

    Args:
        ws: The client's WebSocket, prepared.
        recogniser: Shared with other streams.
        options: The client's options.
        request_id: The stream's request id.
    """

    def __init__(
        self, ws: web.WebSocketResponse, recogniser: Recogniser, options: FluxOptions, *, request_id: str
    ) -> None:
        self._ws = ws
        self._recogniser = recogniser
        self._options = options
        self._request_id = request_id
        self._endpointer = Endpointer(options.rate_hz, endpointing=min(_ENDS, options.timeout))
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]] | None] = asyncio.Queue()
        self._sequence, self._turn = 0, 0
        self._has_begun = False
        self._may_have_ended = False
        self._updated_at = 0.0
        self._recognised: tuple[float, float, Recognition] | None = None

    async def run(self) -> None:
        """Serve the client until it closes the stream, leaves or is silent for too long."""
        await self._ws.send_json(messages.connected(request_id=self._request_id))
        async with stream_of(self._ws) as tasks:
            working = tasks.create_task(self._work())
            if await receive(self._ws, self._hear, self._obey):
                await self._jobs.put(None)
            else:
                working.cancel()

    async def _work(self) -> None:
        while job := await self._jobs.get():
            await job()

    async def _hear(self, pcm: bytes) -> None:
        for event in self._endpointer.push(pcm):
            if isinstance(event, SpeechEnded):
                self._end(event.utterance)
        if utterance := self._endpointer.utterance:
            self._follow(utterance)

    async def _obey(self, text: str) -> bool:
        """Carry out a command; return whether it is the last."""
        command = command_of(text)
        if command in {"ForceEndTurn", "CloseStream"} and (utterance := self._endpointer.finalize()):
            self._end(utterance)
        if command == "Configure":
            self._jobs.put_nowait(partial(self._ws.send_json, {"type": "ConfigureSuccess"}))
        return command == "CloseStream"

    def _follow(self, utterance: Utterance) -> None:
        """Report a turn that has not ended: that it may have ended, that it goes on, or its words so far."""
        pauses = utterance.silence >= _MAY_END
        if self._options.is_eager and pauses and not self._may_have_ended:
            self._may_have_ended = True
            self._tell("EagerEndOfTurn", utterance)
        elif self._may_have_ended and not pauses:
            self._may_have_ended = False
            self._tell("TurnResumed", utterance)
        elif (
            not pauses
            and self._jobs.empty()
            and utterance.end - max(self._updated_at, utterance.start) >= _UPDATE_EVERY
        ):
            self._tell("Update", utterance)

    def _end(self, utterance: Utterance) -> None:
        self._may_have_ended = False
        self._tell("EndOfTurn", utterance)

    def _tell(self, event: str, utterance: Utterance) -> None:
        """Recognise the words so far, and send the event after the waiting ones."""
        self._updated_at = utterance.end
        heard = Utterance(utterance.start, utterance.rate_hz, utterance.voiced_end, bytearray(utterance.pcm))
        self._jobs.put_nowait(partial(self._send, event, heard))

    async def _send(self, event: str, utterance: Utterance) -> None:
        recognition = await self._recognise(utterance)
        if not recognition.text and not self._has_begun:
            return  # noise is not a turn
        if not self._has_begun:
            self._has_begun = True
            await self._send_info("StartOfTurn", utterance, recognition)
        if event == "EagerEndOfTurn" and not recognition.text:
            return
        await self._send_info(event, utterance, recognition)
        if event == "EndOfTurn":
            self._has_begun = False
            self._turn += 1

    async def _recognise(self, utterance: Utterance) -> Recognition:
        """Recognise an utterance; the end of a turn reuses the words of `EagerEndOfTurn`."""
        known = self._recognised
        if known is not None and known[:2] == (utterance.start, utterance.voiced_end):
            return known[2]
        recognition = await self._recogniser.recognise(bytes(utterance.pcm), utterance.rate_hz)
        self._recognised = (utterance.start, utterance.voiced_end, recognition)
        return recognition

    async def _send_info(self, event: str, utterance: Utterance, recognition: Recognition) -> None:
        self._sequence += 1
        info = messages.turn_info(
            event, utterance, recognition, request_id=self._request_id, sequence=self._sequence, turn=self._turn
        )
        await self._ws.send_json(info)
