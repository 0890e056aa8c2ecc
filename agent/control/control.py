"""The front end's side of a call: what it may ask for, and what it is told."""

import asyncio
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, ConversationItemAddedEvent
from livekit.agents.llm import ChatMessage
from livekit.agents.utils import aio

from agent.control.actions import Actions
from agent.control.attributes import VERSION, Attributes
from agent.control.chat import Chat
from agent.control.events import Events, SaidEvent, TurnEvent
from agent.control.failures import Failures
from agent.control.personas import Personas
from agent.control.push_to_talk import PushToTalk
from agent.control.rpc_server import RpcServer
from agent.control.turn_timings import TurnTimings
from agent.control.usage import Usage
from agent.control.waterfall import Turn
from agent.conversation.persona_agent import Observer
from agent.persona import Persona
from agent.settings import Settings
from agent.speech.queue import SpeechQueue
from avatar import AvatarSession, AvatarStatus


class Control:
    """All of a call that a front end can see and touch; docs/control.md tells what that is.

    Args:
        room: Of the call.
        session: Of the call, not started yet.
        speech: Of that session.
        settings: Complete ones.
        persona: The first one.
        usage: Of the call.

    Attributes:
        attributes: Of the agent's participant.
        personas: The personas.
        chat: Takes what is written.
    """

    def __init__(
        self,
        room: rtc.Room,
        session: AgentSession[Any],
        speech: SpeechQueue,
        *,
        settings: Settings,
        persona: Persona,
        usage: Usage,
    ) -> None:
        self._room = room
        self._session = session
        self._usage = usage
        self._reporting: asyncio.Task[None] | None = None
        self._events = Events(room)
        self._timings = TurnTimings(session, self._on_turn)
        self.attributes = Attributes(room)
        failures = Failures(session, self._events.tell)
        observer = Observer(self._timings.first_token, self._timings.first_audio, failures.tell)
        self.personas = Personas(session, settings, persona, self.attributes, observer)
        self._microphone = PushToTalk(session, room, self.attributes)
        self._actions = Actions(
            session,
            speech,
            timings=self._timings,
            personas=self.personas,
            microphone=self._microphone,
            events=self._events,
        )
        self._rpc = RpcServer(session, self._actions)
        self.chat = Chat(room, self._rpc)
        if settings.chat_transcript:
            self.chat.transcribe(session, lambda: self.personas.persona.name)
        self.attributes.tell(stand_ins=",".join(settings.stand_ins), avatar="starting", input="open")
        session.on("conversation_item_added", self._on_item_added)

    def show(self, avatar: AvatarSession) -> None:
        """Tell of the avatar from here on."""
        self._usage.avatar = avatar
        avatar.on("status_changed", lambda status: self._on_avatar_status(avatar, status))
        avatar.on("speech_sent", self._timings.sent)

    def open(self) -> None:
        """Be seen, and take requests: the session has started, in a room."""
        self.attributes.start()
        self._events.start()
        self.chat.start()
        if self._session.output.audio is not None:
            self._session.output.audio.on("playback_started", self._timings.speaking)
        self._rpc.open(self._room.local_participant)
        self.attributes.tell(control=VERSION)
        self._reporting = asyncio.create_task(self._usage.report(self._events.tell), name="usage")

    def say_opening(self) -> None:
        """Say the persona's first words."""
        self._actions.say_opening()

    async def aclose(self) -> None:
        """Tell the last of it, and take no requests any more; the room is still there."""
        self._microphone.close()
        if self._reporting is not None:
            await aio.cancel_and_wait(self._reporting)
            self._rpc.close(self._room.local_participant)
            self._events.tell(self._usage.now())
        await asyncio.gather(self._events.aclose(), self.attributes.aclose(), self.chat.aclose())
        await self.personas.aclose()

    def _on_turn(self, turn: Turn) -> None:
        self._events.tell(TurnEvent(turn=turn.number, by=turn.by, stages=turn.stages))

    def _on_item_added(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, ChatMessage) and item.role == "assistant":
            self._events.tell(SaidEvent(text=(item.text_content or "").strip(), interrupted=item.interrupted))

    def _on_avatar_status(self, avatar: AvatarSession, status: AvatarStatus) -> None:
        if status.is_live:
            self.attributes.tell(avatar="live", avatar_identity=avatar.avatar_identity)
        else:
            self.attributes.tell(avatar=f"voice only: {status.reason}")
