"""Measures when each turn reaches its stages."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from livekit.agents import (
    AgentSession,
    ConversationItemAddedEvent,
    SpeechCreatedEvent,
    UserInputTranscribedEvent,
    UserStateChangedEvent,
)
from livekit.agents.llm import ChatMessage
from livekit.agents.voice.io import PlaybackStartedEvent

from agent.control.waterfall import By, Stage, Turn, Waterfall

# The id of a task's speech. It is set when the framework announces a speech, right before it starts the tasks.
_reply: ContextVar[str] = ContextVar("reply", default="")


class TurnTimings:
    """Feeds a `Waterfall`; instants are Unix time in seconds, as the framework's are.

    Args:
        session: The agent session.
        tell: Called with a turn when it begins and whenever it reaches a stage.
    """

    def __init__(self, session: AgentSession[Any], tell: Callable[[Turn], None]) -> None:
        self._session = session
        self._tell = tell
        self._waterfall = Waterfall()
        self._asked: tuple[By, float] | None = None
        self._silent_since = time.time()
        self._understood_at = 0.0
        session.on("speech_created", self._on_speech_created)
        session.on("user_state_changed", self._on_user_state_changed)
        session.on("user_input_transcribed", self._on_transcribed)
        session.on("conversation_item_added", self._on_item_added)

    @contextmanager
    def asked(self, by: By, at: float) -> Iterator[None]:
        """Note that a speech created in this context answers a request made at `at`."""
        self._asked = (by, at)
        try:
            yield
        finally:
            self._asked = None

    def first_token(self) -> None:
        """Note that the language model gave its first word to the task that calls this."""
        self._reach(_reply.get(), "first_token", time.time())

    def first_audio(self) -> None:
        """Note that text-to-speech gave its first frame to the task that calls this."""
        self._reach(_reply.get(), "first_audio", time.time())

    def sent(self) -> None:
        """Note that the first audio of the current speech was sent to the avatar."""
        self._reach(self._current, "sent", time.time())

    def speaking(self, event: PlaybackStartedEvent) -> None:
        """Note that the current speech can be heard."""
        self._reach(self._current, "speaking", event.created_at)

    @property
    def _current(self) -> str:
        """Id of the speech that is sent and heard; speeches are said one after the other."""
        speech = self._session.current_speech
        return "" if speech is None else speech.id

    def _on_speech_created(self, event: SpeechCreatedEvent) -> None:
        _reply.set(event.speech_handle.id)
        if self._asked is not None:
            self._begin(event.speech_handle.id, *self._asked)

    def _on_user_state_changed(self, event: UserStateChangedEvent) -> None:
        if event.old_state == "speaking":
            self._silent_since = event.created_at

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.is_final:
            self._understood_at = event.created_at

    def _on_item_added(self, event: ConversationItemAddedEvent) -> None:
        """Begin a turn: the task of a reply adds what the caller said once it is certain that the reply is used."""
        item, reply = event.item, _reply.get()
        if not isinstance(item, ChatMessage) or item.role != "user" or not reply:
            return
        # Prefer the framework's own measurement: the events seen here may belong to a later speech of the caller.
        ended_at = item.metrics.get("stopped_speaking_at", self._silent_since)
        delay = item.metrics.get("transcription_delay", self._understood_at - ended_at)
        self._begin(reply, "speech", ended_at, transcribed_at=ended_at + delay)

    def _begin(self, reply: str, by: By, at: float, *, transcribed_at: float | None = None) -> None:
        if turn := self._waterfall.begin(reply, by, at, transcribed_at=transcribed_at):
            self._tell(turn)

    def _reach(self, reply: str, stage: Stage, at: float) -> None:
        if reply and (turn := self._waterfall.reach(reply, stage, at)):
            self._tell(turn)
