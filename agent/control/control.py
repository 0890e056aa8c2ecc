"""The interface of a call for front ends: their requests, and the events for them."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, ConversationItemAddedEvent
from livekit.agents.llm import ChatMessage
from livekit.agents.utils import aio

from agent.call.presence import Presence
from agent.call_config import CallConfig
from agent.control.actions import Actions
from agent.control.attributes import VERSION, Attributes
from agent.control.backend_rpc import BackendRpc
from agent.control.chat import Chat
from agent.control.events import CardEvent, Events, SaidEvent, TurnEvent
from agent.control.face_change import FaceChange
from agent.control.failures import Failures
from agent.control.personas import Personas
from agent.control.push_to_talk import PushToTalk
from agent.control.rpc_server import RpcServer
from agent.control.turn_timings import TurnTimings
from agent.control.usage import Usage
from agent.control.voice_only import UNAVAILABLE, voice_only
from agent.control.waterfall import Turn
from agent.persona import Persona
from agent.settings import Settings
from agent.speech.queue import SpeechQueue
from avatar import AvatarSession, AvatarStatus
from avatar.core import Sink, SinkChanged

logger = logging.getLogger("agent")


class Control:
    """The interface of a call for front ends; docs/control.md describes it.

    Args:
        room: Of the call.
        session: Of the call, not started yet.
        speech: Of that session.
        presence: Of the call.
        settings: Complete ones.
        persona: The first one.
        config: Of the call.
        stem: See `Personas`.
        usage: Of the call.
        on_turn: Called with a turn when it begins and whenever it reaches a stage.
        on_use: Called when a caller presses a key or writes a text.
        on_end: Ends the call.

    Attributes:
        attributes: Of the agent's participant.
        personas: The personas.
        chat: Reads the callers' lines.
    """

    def __init__(
        self,
        room: rtc.Room,
        session: AgentSession[Any],
        speech: SpeechQueue,
        presence: Presence,
        *,
        settings: Settings,
        persona: Persona,
        config: CallConfig,
        stem: str = "",
        usage: Usage,
        on_turn: Callable[[Turn], None],
        on_use: Callable[[], None],
        on_end: Callable[[], None],
    ) -> None:
        self._room = room
        self._session = session
        self._usage = usage
        self._tell_turn = on_turn
        self._reporting: asyncio.Task[None] | None = None
        self._events = Events(room)
        self._timings = TurnTimings(session, self._on_turn)
        self.attributes = Attributes(room)
        self.personas = Personas(
            session,
            settings,
            persona,
            self.attributes,
            config,
            stem=stem,
            on_first_token=self._timings.first_token,
            on_first_audio=self._timings.first_audio,
            on_failure=Failures(session, self._events.tell).tell,
            on_card=lambda tool, card: self._events.tell(CardEvent(tool=tool, card=card)),
        )
        self._microphone = PushToTalk(session, presence, self.attributes)
        self._actions = Actions(
            session,
            speech,
            timings=self._timings,
            personas=self.personas,
            microphone=self._microphone,
            events=self._events,
            on_use=on_use,
            on_end=on_end,
        )
        self._rpc = RpcServer(presence, self._actions, on_use)
        self._backends = BackendRpc(settings, room, self._actions, on_use)
        self.chat = Chat(room, presence, self._rpc)
        if settings.chat_transcript:
            self.chat.transcribe(session, lambda: self.personas.persona.name)
        self.attributes.tell(stand_ins=",".join(settings.stand_ins), avatar="starting", input="open")
        session.on("conversation_item_added", self._on_item_added)

    def show(self, avatar: AvatarSession) -> None:
        """Show the state of the avatar from here on."""
        self._usage.avatar = avatar
        self.personas.face = FaceChange(avatar, self._events.tell)
        avatar.on("core_event", lambda event: self._on_avatar_event(avatar, event))
        avatar.on("status_changed", lambda status: self._on_avatar_status(avatar, status))
        avatar.on("speech_sent", self._timings.sent)

    def show_voice_only(self, detail: str, sentence: str = UNAVAILABLE) -> None:
        """Show that there is no avatar.

        Args:
            detail: Why, for operators: it goes only to the log.
            sentence: Why, for the caller, unless there is a sentence for the detail itself.
        """
        logger.warning("there is no avatar, the call goes on by voice", extra={"reason": detail})
        self.attributes.tell(avatar=voice_only(detail, sentence))

    @property
    def is_button_held(self) -> bool:
        """Whether a caller holds the push-to-talk button."""
        return self._microphone.is_held

    def open(self) -> None:
        """Set the attributes and take requests; call it when the session has started in the room."""
        self.attributes.start()
        self._events.start()
        self.chat.start()
        if self._session.output.audio is not None:
            self._session.output.audio.on("playback_started", self._timings.speaking)
        self._rpc.open(self._room.local_participant)
        self._backends.open(self._room.local_participant)
        self.attributes.tell(control=VERSION)
        self._reporting = asyncio.create_task(self._usage.report(self._events.tell), name="usage")

    def say_opening(self, *, resumes: bool = False) -> None:
        """Say the persona's opening, or the words with which it resumes a conversation that was cut off."""
        self._actions.say_opening(resumes=resumes)

    def refuse_requests(self) -> None:
        """Refuse every request from here on: the call is ending."""
        self._rpc.refuse_all()
        self._backends.refuse_all()

    async def aclose(self) -> None:
        """Send the last events and attributes, and take no more requests; the room must still be connected."""
        self._microphone.close()
        if self._reporting is not None:
            await aio.cancel_and_wait(self._reporting)
            self._rpc.close(self._room.local_participant)
            self._backends.close(self._room.local_participant)
            self._events.tell(self._usage.now())
        await asyncio.gather(self._events.aclose(), self.attributes.aclose(), self.chat.aclose())

    def _on_turn(self, turn: Turn) -> None:
        self._tell_turn(turn)
        self._events.tell(TurnEvent(turn=turn.number, by=turn.by, stages=turn.stages))

    def _on_item_added(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, ChatMessage) and item.role == "assistant":
            self._events.tell(SaidEvent(text=(item.text_content or "").strip(), interrupted=item.interrupted))

    def _on_avatar_event(self, avatar: AvatarSession, event: object) -> None:
        if isinstance(event, SinkChanged) and event.sink is Sink.AVATAR:
            self.attributes.tell(avatar_identity=avatar.avatar_identity)

    def _on_avatar_status(self, avatar: AvatarSession, status: AvatarStatus) -> None:
        if status.is_live:
            self.attributes.tell(avatar="live", avatar_identity=avatar.avatar_identity)
        else:
            self.show_voice_only(status.detail, UNAVAILABLE if status.reason is None else status.reason.value)
