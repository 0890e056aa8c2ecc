"""The microphone's mode: always open, or open while a button is held."""

import asyncio
import logging
from contextlib import suppress
from math import inf
from typing import Any

from livekit.agents import AgentSession, UserInputTranscribedEvent, UserStateChangedEvent

from agent.call.presence import Presence
from agent.control.attributes import Attributes
from agent.control.payloads import InputMode
from agent.control.refusal import NOT_NOW, RefusalError
from agent.framework import paused_speech

logger = logging.getLogger("agent")

# Seconds after which a turn is completed anyway: the message that the button was released can get lost.
_LONGEST_HOLD = 120.0

# Seconds to wait, at most, for the text of the last words. Speech-to-text gets silence meanwhile, so that it finishes;
# without a final text the interim one is used.
_LAST_WORDS = 1.5


class PushToTalk:
    """Switches a session between an open microphone and push-to-talk.

    While the button is not held nothing is heard, so that no noise interrupts the agent. While it is held, only its
    release ends the turn, however long a pause is.

    The mode belongs to the caller who chose it. The session is in the mode of the linked caller, and the button links
    the caller who holds it.

    Args:
        session: The running agent session.
        presence: Links the callers.
        attributes: Show the mode of the session.
    """

    def __init__(self, session: AgentSession[Any], presence: Presence, attributes: Attributes) -> None:
        self._session = session
        self._presence = presence
        self._attributes = attributes
        self._turn_detection = session.turn_detection
        self._mode: InputMode = "open"
        self._users: set[str] = set()
        self._held_by: str | None = None
        self._releasing: asyncio.TimerHandle | None = None
        self._completing: asyncio.Future[str] | None = None
        self._silent_since = -inf
        self._understood_at = -inf
        session.on("user_state_changed", self._on_user_state_changed)
        session.on("user_input_transcribed", self._on_transcribed)
        presence.on("linked", self._on_linked)
        presence.on("changed", self._on_callers_changed)

    @property
    def is_held(self) -> bool:
        """Whether a caller holds the button."""
        return self._held_by is not None

    def set_mode(self, mode: InputMode, caller: str) -> None:
        """Choose a caller's mode; an unfinished sentence of the caller is dropped."""
        if caller == self._held_by:
            self._let_go()
            self._session.input.set_audio_enabled(False)
        self._choose(mode, caller)

    async def start(self, caller: str) -> None:
        """Silence the agent and listen to the caller who holds the button.

        An earlier turn that is not answered yet is dropped.
        """
        if self._held_by is not None:
            return
        self._held_by = caller
        self._releasing = asyncio.get_running_loop().call_later(_LONGEST_HOLD, self._end)
        self._presence.hold(caller)
        self._choose("push_to_talk", caller)
        await self._give_up_last_turn()
        # Listen before the agent is silent, so that the first words are not lost.
        self._listen()
        await self._session.interrupt(force=True)

    def end(self, caller: str) -> None:
        """Answer what was said while the button was held.

        Raises:
            RefusalError: This caller does not hold the button.
        """
        if self._held_by != caller:
            raise RefusalError(NOT_NOW, "push_to_talk_start comes first")
        self._end()

    def close(self) -> None:
        """Stop the timer when the call is over."""
        if self._releasing is not None:
            self._releasing.cancel()

    def _choose(self, mode: InputMode, caller: str) -> None:
        is_used = mode == "push_to_talk"
        (self._users.add if is_used else self._users.discard)(caller)
        self._presence.use_button(caller, used=is_used)
        self._apply()

    def _apply(self) -> None:
        """Switch the session to the mode of the linked caller."""
        mode: InputMode = "push_to_talk" if self._presence.linked in self._users else "open"
        if mode == self._mode:
            return
        self._resolve_pause()
        self._session.update_options(turn_detection="manual" if mode == "push_to_talk" else self._turn_detection)
        self._mode = mode
        self._attributes.tell(input=mode)
        # While the button is held, `start` opens the microphone once the last turn is given up.
        if self._held_by is None:
            self._session.clear_user_turn()
            self._session.input.set_audio_enabled(mode == "open")

    def _end(self) -> None:
        is_understood = self._session.user_state != "speaking" and self._understood_at >= self._silent_since
        self._let_go()
        with suppress(RuntimeError):  # the session has ended meanwhile
            self._session.input.set_audio_enabled(False)
            timeout = 0.0 if is_understood else _LAST_WORDS
            self._completing = self._session.commit_user_turn(transcript_timeout=timeout)
            self._completing.add_done_callback(self._on_completed)

    async def _give_up_last_turn(self) -> None:
        """Give up a turn whose text is not complete: the framework would complete it with the new turn's words."""
        if self._completing is not None and not self._completing.done():
            given_up = self._session.commit_user_turn(transcript_timeout=0.0, skip_reply=True)
            await asyncio.wait([given_up])  # a release meanwhile cancels it

    def _listen(self) -> None:
        """Start to listen, unless the button was released already."""
        if self._held_by is not None:
            self._session.clear_user_turn()
            self._silent_since, self._understood_at = 0.0, -inf
            self._session.input.set_audio_enabled(True)

    def _let_go(self) -> None:
        self._held_by = None
        self.close()

    def _resolve_pause(self) -> None:
        """End the pause that a noise has caused: in the new mode the framework would not resume the speech."""
        if (paused := paused_speech(self._session)) is None:
            return
        speech, has_begun = paused
        if has_begun:
            speech.interrupt(force=True)
        else:
            # The framework lifts the pause of a speech that can't be interrupted by voice when the speech begins.
            speech.allow_interruptions = False

    def _on_user_state_changed(self, event: UserStateChangedEvent) -> None:
        if event.old_state == "speaking":
            self._silent_since = event.created_at

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        """Note when the last final text came; an interim text means that more is to come."""
        self._understood_at = event.created_at if event.is_final else -inf

    def _on_completed(self, committed: "asyncio.Future[str]") -> None:
        if self._held_by is None:
            # From here on the agent may listen to another caller.
            self._presence.hold(None)
        if not committed.cancelled() and (error := committed.exception()) is not None:
            logger.warning("a turn could not be completed", extra={"error": type(error).__name__})

    def _on_linked(self, _: str) -> None:
        with suppress(RuntimeError):  # the session has ended meanwhile
            self._apply()

    def _on_callers_changed(self) -> None:
        """Release the button of a caller who has left, without an answer."""
        if self._held_by is None or self._presence.knows(self._held_by):
            return
        self._let_go()
        self._presence.hold(None)
        with suppress(RuntimeError):  # the session has ended meanwhile
            self._session.clear_user_turn()
            self._session.input.set_audio_enabled(self._mode == "open")
