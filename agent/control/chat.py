"""The room's chat: a line is answered as if it had been said, and one that begins with a slash is a command."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, ConversationItemAddedEvent, room_io
from livekit.agents.llm import ChatMessage
from livekit.agents.types import TOPIC_CHAT

from agent.control.outbox import Outbox
from agent.control.refusal import RefusalError
from agent.control.rpc_server import RpcServer

COMMANDS = {
    "/say": ("repeat", "`/say` and a text: the agent says it, word for word"),
    "/stop": ("interrupt", "`/stop`: the agent falls silent"),
    "/help": ("", "`/help`: this"),
}
"""By their names: the method of the control protocol, and what the help says."""

HELP = "\n".join(["Write something, and the agent answers. Commands:", *(text for _, text in COMMANDS.values())])

_MOST_WAITING = 64
# Lines that wait to be sent.


@dataclass(frozen=True, slots=True)
class _Line:
    text: str
    to: tuple[str, ...] = ()  # identities; all when there are none


class Chat:
    """Carries out what is written, and writes what there is to answer.

    Args:
        room: Where it is written.
        rpc: Where requests go, whichever way they come.
    """

    def __init__(self, room: rtc.Room, rpc: RpcServer) -> None:
        self._room = room
        self._rpc = rpc
        self._outbox: Outbox[_Line] = Outbox(self._send, most=_MOST_WAITING)

    def start(self) -> None:
        """Begin, in a room that is connected."""
        self._outbox.start()

    async def take(self, _session: AgentSession[Any], event: room_io.TextInputEvent) -> None:
        """Carry out one line of the session's caller; what is refused is answered with the reason."""
        if event.participant is None:
            return
        caller = event.participant.identity
        command, _, rest = event.text.strip().partition(" ")
        method = COMMANDS.get(command, ("", ""))[0] if command.startswith("/") else "talk"
        if not method:
            self._outbox.put(_Line(HELP, (caller,)))
            return
        payload = {"talk": {"text": event.text}, "repeat": {"text": rest}}.get(method, {})
        try:
            await self._rpc.ask(method, payload, caller=caller)
        except RefusalError as refusal:
            self._outbox.put(_Line(str(refusal), (caller,)))

    def transcribe(self, session: AgentSession[Any], name: Callable[[], str]) -> None:
        """Write what is said, when it was: what the agent said as it was heard, what it understood as it understood it.

        Args:
            session: Where it is said.
            name: Gives the name of whom the caller talks with.
        """

        def on_item_added(event: ConversationItemAddedEvent) -> None:
            item = event.item
            # What the caller has written stands in the chat already.
            if isinstance(item, ChatMessage) and item.text_content:
                if item.role == "assistant":
                    self._outbox.put(_Line(f"{name()}: {item.text_content.strip()}"))
                elif item.role == "user" and "stt_metadata" in item.metrics:
                    self._outbox.put(_Line(f"You: {item.text_content.strip()}"))

        session.on("conversation_item_added", on_item_added)

    async def aclose(self) -> None:
        """Write what is left, for a while, and stop."""
        await self._outbox.aclose()

    async def _send(self, line: _Line) -> None:
        await self._room.local_participant.send_text(
            line.text, destination_identities=list(line.to) or None, topic=TOPIC_CHAT
        )
