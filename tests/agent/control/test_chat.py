from __future__ import annotations

from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import ConversationItemAddedEvent, llm
from livekit.agents.voice.room_io import TextInputEvent

from agent.control.chat import COMMANDS, HELP, Chat
from agent.control.methods import METHODS, SPEECH
from agent.control.payloads import Nothing, Payload
from tests.agent.control.caller import calling
from tests.agent.control.fakes import CALLER, CalledSession, Room
from tests.agent.session_fakes import Reply

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping


class RpcServer:
    """Keeps what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | Mapping[str, object], str]] = []

    async def ask(self, name: str, payload: str | Mapping[str, object], *, caller: str) -> Payload:
        self.asked.append((name, payload, caller))
        return Nothing()


@asynccontextmanager
async def chatting() -> AsyncIterator[tuple[Chat, RpcServer, Room]]:
    """A chat that is read."""
    rpc: Any = RpcServer()
    room: Any = Room()
    chat = Chat(room, rpc)
    chat.start()
    try:
        yield chat, rpc, room
    finally:
        await chat.aclose()


def line(text: str) -> TextInputEvent:
    """What the caller has written."""
    participant: Any = SimpleNamespace(identity=CALLER)
    return TextInputEvent(text=text, participant=participant)


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
    """Asked for by whoever wrote it; nothing is answered when it is carried out."""
    async with chatting() as (chat, rpc, room):
        await chat.take(CalledSession(), line(text))

    assert rpc.asked == [(method, payload, CALLER)]
    assert room.local_participant.lines == []


@pytest.mark.parametrize("text", ["/help", "/dance", "/", "/SAY hello", "//"])
async def test_what_is_no_command_is_answered_with_the_help(text: str) -> None:
    """To whoever wrote it, and to nobody else."""
    async with chatting() as (chat, rpc, room):
        await chat.take(CalledSession(), line(text))

    assert rpc.asked == []
    assert room.local_participant.lines == [(HELP, [CALLER])]


def test_the_help_explains_every_command() -> None:
    """And each that does something is a method."""
    assert all(command in HELP for command in COMMANDS)
    assert {method for method, _ in COMMANDS.values() if method} <= set(METHODS)


async def test_what_is_refused_is_answered_with_the_reason() -> None:
    """Too long, too empty, too often: the limits are those of the methods, and so are the buckets."""
    async with calling() as caller:
        chat = caller.control.chat
        await chat.take(caller.session, line("a" * 2_001))
        await chat.take(caller.session, line("/say"))
        for _ in range(SPEECH.burst - 2):
            await caller.refusal("talk")
        await chat.take(caller.session, line("hello"))

    lines = [text for text, _ in caller.agent.lines]
    assert lines == [
        "text: String should have at most 2000 characters",
        "text: String should have at least 1 character",
        "that is too often",
    ]
    assert caller.thoughts.asked == []


async def test_a_line_is_answered_as_it_was_written() -> None:
    """It is the caller's message, word for word: nothing in it is carried out."""
    async with calling(Reply(("Fine.",))) as caller:
        await caller.control.chat.take(caller.session, line("{1 + 1} __import__('os')"))
        await caller.hears(1)

    assert [asked[-1] for asked in caller.thoughts.asked] == ["{1 + 1} __import__('os')"]


async def test_the_transcript_has_what_was_said_by_whom() -> None:
    """The agent's words as they were heard, the caller's as they were understood; what was written is there already."""
    session = CalledSession()
    async with chatting() as (chat, _, room):
        chat.transcribe(session, lambda: "Ada")
        for message in (
            llm.ChatMessage(role="user", content=["hello"], metrics={"stt_metadata": {}}),
            llm.ChatMessage(role="assistant", content=["Hello, "], interrupted=True),
            llm.ChatMessage(role="user", content=["as I wrote"]),
            llm.ChatMessage(role="assistant", content=[]),
        ):
            session.emit("conversation_item_added", ConversationItemAddedEvent(item=message))

    assert room.local_participant.lines == [("You: hello", None), ("Ada: Hello,", None)]


async def test_a_session_without_a_room_has_no_chat() -> None:
    """Who wrote a line has to be known."""
    async with chatting() as (chat, rpc, _):
        await chat.take(CalledSession(), TextInputEvent(text="hello"))

    assert rpc.asked == []
