"""The room's chat: a line is answered as if it had been said, and a line that begins with a slash is a command."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, ConversationItemAddedEvent
from livekit.agents.llm import ChatMessage
from livekit.agents.types import TOPIC_CHAT

from agent.call.presence import Presence
from agent.control.outbox import Outbox
from agent.control.payloads import LONGEST_TEXT
from agent.control.refusal import RefusalError
from agent.control.rpc_server import RpcServer
from agent.control.streams import TooLongError, read_text
from agent.rooms.connection_details import CAPTIONS

logger = logging.getLogger("agent")

# By name: the method of the control protocol, and the line of the help.
COMMANDS = {
    "/say": ("repeat", "`/say` and a text: the agent says it, word for word"),
    "/stop": ("interrupt", "`/stop`: the agent falls silent"),
    "/help": ("", "`/help`: this"),
}

TOO_LONG = f"That is too long: write at most {LONGEST_TEXT} characters."

HELP = "\n".join(["Write something, and the agent answers. Commands:", *(text for _, text in COMMANDS.values())])

# Lines that wait to be sent.
_MOST_WAITING = 64

# The most characters of a line: a command and its text. Longer lines are refused without being read whole.
_LONGEST_LINE = LONGEST_TEXT + 100

# Lines that are read at a time, and seconds for one to arrive.
_MOST_READING = 16
_READ_TIMEOUT = 10.0


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    to: tuple[str, ...]  # identities


class Chat:
    """Carries out the lines that callers write, and writes answers and, if enabled, the transcript.

    Writing is one way to take part, so the lines of every caller are read. The framework's own chat drops all lines
    but the linked caller's.

    Args:
        room: The room of the chat.
        presence: Knows which participants are callers.
        rpc: The entry of all requests.
    """

    def __init__(self, room: rtc.Room, presence: Presence, rpc: RpcServer) -> None:
        self._room = room
        self._presence = presence
        self._rpc = rpc
        self._outbox: Outbox[_Line] = Outbox(self._send, most=_MOST_WAITING)
        self._reading: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Begin, in a connected room. The session must not read the chat as well."""
        self._room.register_text_stream_handler(TOPIC_CHAT, self._on_stream)
        self._outbox.start()

    async def take(self, text: str, *, caller: str) -> None:
        """Carry out one line; a refusal is answered with its reason.

        Args:
            text: The line.
            caller: Identity of the participant who wrote it.
        """
        if not self._presence.write(caller):
            # It may be another agent, and the two would answer each other without end.
            return
        command, _, rest = text.strip().partition(" ")
        method = COMMANDS.get(command, ("", ""))[0] if command.startswith("/") else "talk"
        if not method:
            self._outbox.put(_Line(HELP, (caller,)))
            return
        payload = {"talk": {"text": text}, "repeat": {"text": rest}}.get(method, {})
        try:
            await self._rpc.ask(method, payload, caller=caller)
        except RefusalError as refusal:
            self._outbox.put(_Line(str(refusal), (caller,)))

    def transcribe(self, session: AgentSession[Any], name: Callable[[], str]) -> None:
        """Write a transcript: the agent's words as they were heard, the caller's as they were understood.

        The lines go to callers whose client shows no captions.

        Args:
            session: The agent session.
            name: Returns the name of the present persona.
        """

        def on_item_added(event: ConversationItemAddedEvent) -> None:
            item = event.item
            # Lines that the caller has written are in the chat already.
            if isinstance(item, ChatMessage) and item.text_content:
                if item.role == "assistant":
                    self._transcribe(f"{name()}: {item.text_content.strip()}")
                elif item.role == "user" and "stt_metadata" in item.metrics:
                    self._transcribe(f"You: {item.text_content.strip()}")

        session.on("conversation_item_added", on_item_added)

    async def aclose(self) -> None:
        """Write what is left, for two seconds at most, and stop."""
        self._room.unregister_text_stream_handler(TOPIC_CHAT)
        await self._outbox.aclose()

    def _transcribe(self, text: str) -> None:
        people = [each for each in self._room.remote_participants.values() if self._presence.knows(each.identity)]
        without = tuple(each.identity for each in people if each.attributes.get(CAPTIONS) != "true")
        if without:
            self._outbox.put(_Line(text, without))

    def _on_stream(self, reader: rtc.TextStreamReader, identity: str) -> None:
        # Streams of other participants, such as hidden spectators, are not read: their lines would be ignored.
        if not self._presence.knows(identity) or len(self._reading) >= _MOST_READING:
            reader.close()
            return
        reading = asyncio.create_task(self._read(reader, identity), name="chat_line")
        self._reading.add(reading)
        reading.add_done_callback(self._reading.discard)

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        try:
            async with asyncio.timeout(_READ_TIMEOUT):
                text = await read_text(reader, _LONGEST_LINE)
        except TooLongError:
            self._outbox.put(_Line(TOO_LONG, (identity,)))
            return
        except (rtc.StreamError, TimeoutError) as error:
            logger.warning("a chat line could not be read", extra={"error": type(error).__name__})
            return
        await self.take(text, caller=identity)

    async def _send(self, line: _Line) -> None:
        await self._room.local_participant.send_text(line.text, destination_identities=list(line.to), topic=TOPIC_CHAT)
