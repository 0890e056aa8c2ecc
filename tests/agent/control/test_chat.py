from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from livekit import rtc
from livekit.agents import ConversationItemAddedEvent, llm
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF

from agent.control.chat import COMMANDS, HELP, TOO_LONG, Chat
from agent.control.methods import METHODS, SPEECH
from agent.control.payloads import Nothing, Payload
from tests.agent.control.caller import calling
from tests.agent.control.fakes import CALLER, CalledSession, Room, presence_of
from tests.agent.session_fakes import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime


class RpcServer:
    """A server that records the requests it gets."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | Mapping[str, object], str]] = []

    async def ask(self, name: str, payload: str | Mapping[str, object], *, caller: str) -> Payload:
        self.asked.append((name, payload, caller))
        return Nothing()


@asynccontextmanager
async def chatting() -> AsyncIterator[tuple[Chat, RpcServer, Room]]:
    """Start a chat that is read."""
    rpc: Any = RpcServer()
    room: Any = Room()
    presence = presence_of(CalledSession(room=room), room)
    presence.refresh()
    chat = Chat(room, presence, rpc)
    chat.start()
    try:
        yield chat, rpc, room
    finally:
        await chat.aclose()


class Reader:
    """A line that arrives as a text stream, in chunks.

    Attributes:
        read: Chunks that were taken.
        is_closed: True if the rest was dropped.
    """

    def __init__(self, text: str, *, breaks: bool = False, times: int = 1) -> None:
        self._text = text
        self._breaks = breaks
        self._times = times
        self.read = 0
        self.is_closed = False

    async def __aiter__(self) -> AsyncIterator[str]:
        while self.read < self._times:
            self.read += 1
            yield self._text
        if self._breaks:
            message = "the sender has left"
            raise rtc.StreamError(message)

    def close(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(
    ("text", "method", "payload"),
    [
        ("tell me a story", "talk", {"text": "tell me a story"}),
        ("and/or", "talk", {"text": "and/or"}),
        ("/say  Hello, you. ", "repeat", {"text": " Hello, you."}),
        ("/say", "repeat", {"text": ""}),
        (" /stop", "interrupt", {}),
        ("/stop it", "interrupt", {}),
    ],
)
async def test_a_line_is_a_method_of_the_control_protocol(text: str, method: str, payload: dict[str, str]) -> None:
    """A command is carried out for its author, without an answer."""
    async with chatting() as (chat, rpc, room):
        await chat.take(text, caller=CALLER)

    assert rpc.asked == [(method, payload, CALLER)]
    assert room.local_participant.lines == []


@pytest.mark.parametrize("text", ["/help", "/dance", "/", "/SAY hello", "//"])
async def test_an_unknown_command_is_answered_with_the_help(text: str) -> None:
    """The answer goes to the author alone."""
    async with chatting() as (chat, rpc, room):
        await chat.take(text, caller=CALLER)

    assert rpc.asked == []
    assert room.local_participant.lines == [(HELP, [CALLER])]


def test_the_help_explains_every_command() -> None:
    """Each command that does something is a method, too."""
    assert all(command in HELP for command in COMMANDS)
    assert {method for method, _ in COMMANDS.values() if method} <= set(METHODS)


async def test_a_refused_line_is_answered_with_the_reason() -> None:
    """The limits are those of the methods, and so are the rate limits: too long, too empty, too often."""
    async with calling() as caller:
        chat = caller.control.chat
        await chat.take("a" * 2_001, caller=CALLER)
        await chat.take("/say", caller=CALLER)
        for _ in range(SPEECH.burst - 2):
            await caller.refusal("talk")
        await chat.take("hello", caller=CALLER)

    lines = [text for text, _ in caller.agent.lines]
    assert lines == [
        "text: String should have at most 2000 characters",
        "text: String should have at least 1 character",
        "That is too often. Please wait a moment.",
    ]
    assert caller.thoughts.asked == []


async def test_a_line_is_passed_on_as_it_was_written() -> None:
    """The line becomes the caller's message, word for word; no command within it is carried out."""
    async with calling(Reply(("Fine.",))) as caller:
        await caller.control.chat.take("{1 + 1} __import__('os')", caller=CALLER)
        await caller.hears(1)

    assert [asked[-1] for asked in caller.thoughts.asked] == ["{1 + 1} __import__('os')"]


async def test_a_second_participant_writes_to_the_agent_too() -> None:
    """A participant who is not linked and has no microphone may write; having written, they take part."""
    async with calling(Reply(("Fine.",))) as caller:
        caller.room.come("second")
        assert (await caller.refusal("interrupt", caller="second")).code == 403
        caller.room.text_handlers["lk.chat"](Reader("hello from me"), "second")
        await caller.hears(1)

        assert await caller.call("interrupt", caller="second") == {}

    assert [asked[-1] for asked in caller.thoughts.asked] == ["hello from me"]


@pytest.mark.parametrize("identity", ["recorder", "nobody"])
async def test_a_participant_who_is_not_a_caller_is_not_answered(identity: str) -> None:
    """Two agents would answer each other without an end."""
    async with chatting() as (chat, rpc, room):
        room.come("recorder", kind=rtc.ParticipantKind.PARTICIPANT_KIND_AGENT)
        await chat.take("/help", caller=identity)

    assert (rpc.asked, room.local_participant.lines) == ([], [])


async def test_a_line_that_breaks_off_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The log has none of its words, and the next line is read."""
    async with chatting() as (_, rpc, room):
        for reader in (Reader("half a li", breaks=True), Reader("hello")):
            room.text_handlers["lk.chat"](reader, CALLER)
        await asyncio.sleep(0.01)

    assert [payload for _, payload, _ in rpc.asked] == [{"text": "hello"}]
    assert [record.getMessage() for record in caplog.records] == ["a chat line could not be read"]


async def test_an_endless_line_is_refused_before_it_is_read_whole() -> None:
    """The rest is dropped to save the job's memory, and the writer gets the reason."""
    async with chatting() as (_, rpc, room):
        endless = Reader("x" * 500, times=1_000_000)
        room.text_handlers["lk.chat"](endless, CALLER)
        await asyncio.sleep(0.01)

    assert (endless.read, endless.is_closed, rpc.asked) == (5, True, [])
    assert [line[0] for line in room.local_participant.lines] == [TOO_LONG]


async def test_lines_of_spectators_and_too_many_at_a_time_are_dropped() -> None:
    """Streams of spectators, and too many at once, are not read."""
    async with chatting() as (_, _, room):
        readers = [Reader("x", times=1_000_000) for _ in range(20)]
        room.text_handlers["lk.chat"](readers[0], "spectator")
        for reader in readers[1:]:
            room.text_handlers["lk.chat"](reader, CALLER)
        dropped = [reader.is_closed for reader in readers]
        await asyncio.sleep(0.01)

    assert dropped == [True] + [False] * 16 + [True] * 3


SAID = (
    llm.ChatMessage(role="user", content=["hello"], metrics={"stt_metadata": {}}),
    llm.ChatMessage(role="assistant", content=["Hello, "], interrupted=True),
    llm.ChatMessage(role="user", content=["as I wrote"]),
    llm.ChatMessage(role="assistant", content=[]),
)


async def test_the_transcript_has_what_was_said_by_whom() -> None:
    """The agent's words appear as they were heard, the caller's as transcribed; written lines are not repeated."""
    session = CalledSession()
    async with chatting() as (chat, _, room):
        chat.transcribe(session, lambda: "Ada")
        for message in SAID:
            session.emit("conversation_item_added", ConversationItemAddedEvent(item=message))

    assert room.local_participant.lines == [("You: hello", [CALLER]), ("Ada: Hello,", [CALLER])]


async def test_the_transcript_is_for_clients_without_captions() -> None:
    """Clients with captions get no chat transcript: it would repeat the words."""
    session = CalledSession()
    async with chatting() as (chat, _, room):
        room.set(CALLER, captions="true")
        chat.transcribe(session, lambda: "Ada")
        session.emit("conversation_item_added", ConversationItemAddedEvent(item=SAID[0]))
        room.come("meet", {"captions": "false"})
        room.come("avatar", {ATTRIBUTE_PUBLISH_ON_BEHALF: "the-agent"})
        chat._presence.refresh()
        session.emit("conversation_item_added", ConversationItemAddedEvent(item=SAID[0]))

    assert room.local_participant.lines == [("You: hello", ["meet"])]
