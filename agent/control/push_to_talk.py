"""When the caller's microphone is listened to: always, or while a button is held."""

import asyncio
import logging
from contextlib import suppress
from math import inf
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, UserInputTranscribedEvent, UserStateChangedEvent

from agent.control.attributes import Attributes
from agent.control.payloads import InputMode
from agent.control.refusal import NOT_NOW, RefusalError

logger = logging.getLogger("agent")

_LONGEST_HOLD = 120.0
# Seconds after which the turn is taken for complete: news of the button's release can get lost.

_LAST_WORDS = 1.5
# Seconds that are waited, at most, for the text of what was said last. Speech to text is given silence meanwhile, so
# that it comes to an end; without a final text the interim one is taken.


class PushToTalk:
    """Switches a session between an open microphone and push-to-talk.

    While the button is not held nothing is heard, so that no noise interrupts. While it is, nothing ends the turn but
    its release: not a pause, however long.

    Args:
        session: One that is running.
        room: Where it runs.
        attributes: Tell the mode.
    """

    def __init__(self, session: AgentSession[Any], room: rtc.Room, attributes: Attributes) -> None:
        self._session = session
        self._attributes = attributes
        self._turn_detection = session.turn_detection
        self._mode: InputMode = "open"
        self._held_by: str | None = None
        self._releasing: asyncio.TimerHandle | None = None
        self._completing: asyncio.Future[str] | None = None
        self._silent_since = -inf
        self._understood_at = -inf
        session.on("user_state_changed", self._on_user_state_changed)
        session.on("user_input_transcribed", self._on_transcribed)
        room.on("participant_disconnected", self._on_participant_disconnected)

    @property
    def _is_held(self) -> bool:
        return self._held_by is not None

    def set_mode(self, mode: InputMode) -> None:
        """Switch; half a sentence that was heard is forgotten."""
        if mode == self._mode:
            return
        self._let_go()
        self._switch(mode)
        self._session.clear_user_turn()
        self._session.input.set_audio_enabled(mode == "open")

    def _switch(self, mode: InputMode) -> None:
        self._interrupt_paused()
        self._session.update_options(turn_detection="manual" if mode == "push_to_talk" else self._turn_detection)
        self._mode = mode
        self._attributes.tell(input=mode)

    async def start(self, caller: str) -> None:
        """The button is held: silence the agent, and listen. What was said before and not answered yet is given up."""
        if self._is_held:
            return
        self._held_by = caller
        self._releasing = asyncio.get_running_loop().call_later(_LONGEST_HOLD, self._end)
        if self._mode == "open":
            self._switch("push_to_talk")
        await self._give_up_last_turn()
        # Before the agent is silent: the first words are not to be lost.
        self._listen()
        await self._session.interrupt(force=True)

    def end(self) -> None:
        """The button is released: answer what was said.

        Raises:
            RefusalError: It was not held.
        """
        if not self._is_held:
            raise RefusalError(NOT_NOW, "push_to_talk_start comes first")
        self._end()

    def close(self) -> None:
        """The call is over."""
        if self._releasing is not None:
            self._releasing.cancel()

    def _end(self) -> None:
        is_understood = self._session.user_state != "speaking" and self._understood_at >= self._silent_since
        self._let_go()
        with suppress(RuntimeError):  # the session has ended meanwhile
            self._session.input.set_audio_enabled(False)
            timeout = 0.0 if is_understood else _LAST_WORDS
            self._completing = self._session.commit_user_turn(transcript_timeout=timeout)
            self._completing.add_done_callback(_log_failure)

    async def _give_up_last_turn(self) -> None:
        """The framework, which still waits for its text, would complete the new turn in its place."""
        if self._completing is not None and not self._completing.done():
            given_up = self._session.commit_user_turn(transcript_timeout=0.0, skip_reply=True)
            await asyncio.wait([given_up])  # a release meanwhile cancels it

    def _listen(self) -> None:
        """Hear from here on, unless the button was only touched."""
        if self._is_held:
            self._session.clear_user_turn()
            self._silent_since, self._understood_at = 0.0, -inf
            self._session.input.set_audio_enabled(True)

    def _let_go(self) -> None:
        self._held_by = None
        self.close()

    def _interrupt_paused(self) -> None:
        """A noise has paused the agent, and what would let it go on is switched off with the mode."""
        speech = self._session.current_speech
        if speech is not None and self._session.agent_state == "listening":
            speech.interrupt(force=True)

    def _on_user_state_changed(self, event: UserStateChangedEvent) -> None:
        if event.old_state == "speaking":
            self._silent_since = event.created_at

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        """All is understood when the last text is final, and later than the last word."""
        self._understood_at = event.created_at if event.is_final else -inf

    def _on_participant_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        """A page that has vanished releases the button; there is nobody to be answered."""
        if participant.identity == self._held_by:
            self._let_go()
            with suppress(RuntimeError):  # the session has ended meanwhile
                self._session.input.set_audio_enabled(False)
                self._session.clear_user_turn()


def _log_failure(committed: "asyncio.Future[str]") -> None:
    if not committed.cancelled() and (error := committed.exception()) is not None:
        logger.warning("a turn could not be completed: %s", type(error).__name__)
