"""Notices that speech-to-text is silent or away while the caller speaks, which the service itself does not report."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

from livekit.agents import AgentSession, APIError, APITimeoutError, UserStateChangedEvent
from livekit.agents.stt import SpeechEvent, SpeechEventType
from livekit.agents.utils import aio

# Seconds of voice that count as speech; a shorter sound may be a cough.
_SPEECH = 0.5

# Seconds after the end of a speech within which the service has to react; services take half a second.
_PATIENCE = 4.0

# Speeches in a row without any reaction after which the service counts as silent. Deepgram reports results every three
# to five seconds, even without words (community.deepgram.com, "Manage result intervals"), so that a short speech may
# fall between two of them.
_MOST_UNANSWERED = 2

_WORDS = {SpeechEventType.INTERIM_TRANSCRIPT, SpeechEventType.PREFLIGHT_TRANSCRIPT, SpeechEventType.FINAL_TRANSCRIPT}


class SttWatchdog:
    """Compares the voice that voice activity detection finds with the reactions of the speech-to-text service.

    A service that fails reports an error, and is reconnected. A service that is connected and silent reports nothing:
    here it fails when two speeches in a row got no reaction of any kind. Noise without words is not a failure: the
    service reacts to it, with results that have no words.

    Args:
        session: The agent session; its user state follows voice activity detection.
        on_unheard: Called when the caller spoke to a service that is silent or away; once, until words come again.
        patience: Seconds after a speech within which the service has to react.

    Attributes:
        speaking: Set whenever the caller begins to speak.
    """

    def __init__(
        self, session: AgentSession[Any], on_unheard: Callable[[], None], *, patience: float = _PATIENCE
    ) -> None:
        self.speaking = asyncio.Event()
        self._on_unheard = on_unheard
        self._patience = patience
        self._began_at = 0.0
        # Since the last speech began.
        self._has_reacted = False
        self._unanswered = 0
        self._has_failed = False
        self._is_told = False
        self._judging: list[asyncio.TimerHandle] = []
        self._is_silent = asyncio.Event()
        session.on("user_state_changed", self._on_user_state)
        session.on("close", lambda _: self._stop_judging())

    def note_reaction(self) -> None:
        """Note that the service sent something."""
        self._has_reacted = True
        self._has_failed = False
        self._unanswered = 0
        self._stop_judging()

    async def watch(
        self, events: AsyncGenerator[SpeechEvent, None], *, reports_messages: bool = False
    ) -> AsyncGenerator[SpeechEvent, None]:
        """Pass on the events of one stream.

        Args:
            events: The stream's events.
            reports_messages: Whether `note_reaction` is called for each message of the service. Then a usage report is
                not a reaction: the plugin derives it from the audio that it sent.

        Raises:
            APITimeoutError: The service is silent.
        """
        self._is_silent.clear()
        try:
            while (event := await self._next(events)) is not None:
                if event.type in _WORDS:
                    self._is_told = False
                if event.type is not SpeechEventType.RECOGNITION_USAGE or not reports_messages:
                    self.note_reaction()
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
        message = "speech-to-text is silent"
        raise APITimeoutError(message)

    def _on_user_state(self, event: UserStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._began_at, self._has_reacted = event.created_at, False
            self.speaking.set()
        elif event.old_state == "speaking" and event.created_at - self._began_at >= _SPEECH and not self._has_reacted:
            # A caller without an answer soon speaks again: each speech is judged separately.
            self._judging.append(asyncio.get_running_loop().call_later(self._patience, self._judge))

    def _judge(self) -> None:
        self._judging.pop(0)
        self._unanswered += 1
        if self._has_failed or self._unanswered >= _MOST_UNANSWERED:
            self._unanswered = 0
            self._is_silent.set()
            if not self._is_told:
                self._is_told = True
                self._on_unheard()

    def _stop_judging(self) -> None:
        for judging in self._judging:
            judging.cancel()
        self._judging.clear()


async def _next_or_none(events: AsyncIterator[SpeechEvent]) -> SpeechEvent | None:
    return await anext(events, None)
