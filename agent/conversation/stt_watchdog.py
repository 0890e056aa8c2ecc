"""Notices that the caller speaks and is not understood, which speech to text itself does not tell."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from livekit.agents import AgentSession, APIError, APITimeoutError, UserStateChangedEvent
from livekit.agents.stt import SpeechEvent, SpeechEventType
from livekit.agents.utils import aio

_SPEECH = 0.5
# Seconds of voice that are taken for speech, as for an interruption; what is shorter may be a cough.

_PATIENCE = 4.0
# Seconds after it in which its words have to come; services take half a second.

_MOST_UNANSWERED = 2
# A single one may have been a noise without words.

_WORDS = {SpeechEventType.INTERIM_TRANSCRIPT, SpeechEventType.PREFLIGHT_TRANSCRIPT, SpeechEventType.FINAL_TRANSCRIPT}


class SttWatchdog:
    """Compares what voice activity detection heard with what speech to text understood.

    A service that fails is an error of its stream, and the framework connects again. One that is connected and silent
    is nobody's error: here it becomes one when two speeches in a row were left without a word.

    Args:
        session: Whose user state follows voice activity detection.
        on_unheard: Called when the caller has spoken in vain, to a service that is silent or has failed.
        patience: Seconds after a speech in which its words have to come.
    """

    def __init__(
        self, session: AgentSession[Any], on_unheard: Callable[[], None], *, patience: float = _PATIENCE
    ) -> None:
        self._on_unheard = on_unheard
        self._patience = patience
        self._began_at = 0.0
        self._is_understood = False  # words have come since the last speech began
        self._unanswered = 0
        self._has_failed = False
        self._judging: list[asyncio.TimerHandle] = []
        self._is_silent = asyncio.Event()
        session.on("user_state_changed", self._on_user_state)
        session.on("close", lambda _: self._stop_judging())

    async def watch(self, events: AsyncGenerator[SpeechEvent, None]) -> AsyncGenerator[SpeechEvent, None]:
        """Give the events of one stream on.

        Raises:
            APITimeoutError: The service is silent.
        """
        self._is_silent.clear()
        try:
            while (event := await self._next(events)) is not None:
                if event.type in _WORDS:
                    self._answered()
                yield event
        except APIError:
            self._has_failed = True
            raise
        finally:
            await events.aclose()

    async def _next(self, events: AsyncIterator[SpeechEvent]) -> SpeechEvent | None:
        coming = asyncio.create_task(_next_or_none(events))
        silence = asyncio.create_task(self._is_silent.wait())
        try:
            await asyncio.wait((coming, silence), return_when=asyncio.FIRST_COMPLETED)
            if coming.done():
                return coming.result()
        finally:
            await aio.cancel_and_wait(coming, silence)
        message = "speech to text is silent"
        raise APITimeoutError(message)

    def _answered(self) -> None:
        self._is_understood = True
        self._unanswered = 0
        self._has_failed = False
        self._stop_judging()

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._began_at, self._is_understood = event.created_at, False
        elif event.old_state == "speaking" and event.created_at - self._began_at >= _SPEECH and not self._is_understood:
            # Who is not answered says it again, soon: each speech is judged for itself.
            self._judging.append(asyncio.get_running_loop().call_later(self._patience, self._judge))

    def _judge(self) -> None:
        self._judging.pop(0)
        self._unanswered += 1
        if self._has_failed or self._unanswered >= _MOST_UNANSWERED:
            self._unanswered = 0
            self._is_silent.set()
            self._on_unheard()

    def _stop_judging(self) -> None:
        for judging in self._judging:
            judging.cancel()
        self._judging.clear()


async def _next_or_none(events: AsyncIterator[SpeechEvent]) -> SpeechEvent | None:
    return await anext(events, None)
