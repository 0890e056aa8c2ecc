"""Keeps a call's conversation, so that another agent can continue it if this one dies."""

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit.agents import AgentSession, ConversationItemAddedEvent, llm

from agent.state.conversations import Conversations
from avatar import AvatarError

logger = logging.getLogger("agent")

# How much of a conversation is kept: the last messages and tool calls, and the characters of their JSON.
_MOST_ITEMS = 60
_MOST_CHARACTERS = 64_000

# Seconds between two times that the words heard so far are kept.
_WORDS_EVERY = 1.0


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation that was cut off.

    Attributes:
        persona: Stem of the persona's file.
        history: The messages; an answer that was interrupted ends with the last word that the caller heard.
    """

    persona: str
    history: llm.ChatContext

    def to_text(self) -> str:
        """Return the conversation as JSON, without its oldest part if it is long."""
        items = self.history.copy(exclude_instructions=True, exclude_handoff=True, exclude_config_update=True)
        most = _MOST_ITEMS
        text = self._to_text(items.truncate(max_items=most))
        while len(text) > _MOST_CHARACTERS and most:
            most //= 2
            text = self._to_text(items.truncate(max_items=most) if most else llm.ChatContext.empty())
        return text

    @classmethod
    def from_text(cls, text: str) -> "Conversation":
        """Read the text of `to_text`.

        Raises:
            ValueError: The text is something else, such as a conversation that another version has kept.
        """
        try:
            told = json.loads(text)
            return cls(str(told["persona"]), llm.ChatContext.from_dict(told["history"]))
        except (KeyError, TypeError, ValueError) as error:
            # Not the error's own words, which may quote the conversation.
            message = f"this is not a conversation: {type(error).__name__}"
            raise ValueError(message) from None

    def _to_text(self, items: llm.ChatContext) -> str:
        history = items.to_dict(exclude_timestamp=False, exclude_metrics=True)
        return json.dumps({"persona": self.persona, "history": history})


@dataclass(frozen=True, slots=True)
class Keeper:
    """Keeps, reads and forgets the conversation of one room. A failure is logged, and the call goes on.

    Attributes:
        conversations: Where they are kept.
        room: Its name.
        agent: Identity of the agent that leads it.
    """

    conversations: Conversations
    room: str
    agent: str

    async def read(self) -> Conversation | None:
        """Return the conversation that was cut off in this room; None if there is none."""
        try:
            text = await asyncio.to_thread(self.conversations.read, self.room)
            return None if text is None else Conversation.from_text(text)
        except (AvatarError, ValueError) as error:
            logger.warning("the earlier conversation of this room can't be read", extra={"error": str(error)})
            return None

    async def keep(self, conversation: Conversation) -> None:
        """Keep the conversation so far."""
        try:
            await asyncio.to_thread(self._write, conversation)
        except AvatarError as error:
            logger.warning("a conversation could not be kept", extra={"error": str(error)})

    def _write(self, conversation: Conversation) -> None:
        # Encoding the JSON takes milliseconds, each second while the agent speaks, so the thread does that too.
        self.conversations.keep(self.room, self.agent, conversation.to_text())

    async def forget(self) -> None:
        """Forget the conversation: the call has ended in order."""
        try:
            await asyncio.to_thread(self.conversations.forget, self.room, self.agent)
        except AvatarError as error:
            logger.warning("a conversation could not be deleted; it expires later", extra={"error": str(error)})


class Memory:
    """Keeps a session's conversation at each committed turn, and in between the words of an answer heard so far.

    Args:
        session: Of the call.
        keeper: Of its room.
        persona: Returns the stem of the present persona.
    """

    def __init__(self, session: AgentSession[Any], keeper: Keeper, persona: Callable[[], str]) -> None:
        self._session = session
        self._keeper = keeper
        self._persona = persona
        self._heard = ""  # of the answer that is being said
        self._kept_at = 0.0
        self._is_due = False
        self._keeping: asyncio.Task[None] | None = None
        session.on("conversation_item_added", self._on_item_added)

    async def aclose(self) -> None:
        """Finish the current write, and keep nothing more."""
        self._session.off("conversation_item_added", self._on_item_added)
        if self._keeping is not None:
            await self._keeping

    def heard(self, text: str) -> None:
        """Note words of the agent that the caller hears now; they are kept once a second."""
        self._heard += text
        if asyncio.get_running_loop().time() - self._kept_at >= _WORDS_EVERY:
            self._begin()

    def _on_item_added(self, event: ConversationItemAddedEvent) -> None:
        if isinstance(event.item, llm.ChatMessage) and event.item.role == "assistant":
            self._heard = ""
        self._begin()

    def _begin(self) -> None:
        self._kept_at = asyncio.get_running_loop().time()
        self._is_due = True
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.create_task(self._keep(), name="conversation")

    async def _keep(self) -> None:
        """Keep the newest state; several turns may be committed while one state is written."""
        while self._is_due:
            self._is_due = False
            history = self._session.history.copy()
            if self._heard.strip():
                history.add_message(role="assistant", content=self._heard.strip(), interrupted=True)
            await self._keeper.keep(Conversation(self._persona(), history))
