"""What is kept of a conversation, and how it is restored."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Literal

import pytest
from livekit import rtc
from livekit.agents import ConversationItemAddedEvent, llm

from agent.call.kept import Conversation, Keeper, Memory
from agent.state.conversations import LocalConversations
from tests.agent.call.call_fakes import BACK, BYE, CLIENT, OPENING, STORY, WEB_ROOM, staged
from tests.agent.session_fakes import Reply

if TYPE_CHECKING:
    from pathlib import Path


def a_history(count: int, text: str = "hello") -> llm.ChatContext:
    """Make a conversation with so many turns."""
    history = llm.ChatContext.empty()
    history.add_message(role="system", content="Be kind.")
    for number in range(count):
        history.add_message(role="user", content=f"{text} {number}")
        history.add_message(role="assistant", content=f"heard {number}", interrupted=number == count - 1)
    return history


def test_a_conversation_comes_back_as_it_was() -> None:
    """The persona, the speakers and interruptions are kept; instructions are not, as they belong to the persona."""
    told = Conversation.from_text(Conversation("poet", a_history(2)).to_text())

    assert told.persona == "poet"
    assert [(each.role, each.text_content, each.interrupted) for each in told.history.messages()] == [
        ("user", "hello 0", False),
        ("assistant", "heard 0", False),
        ("user", "hello 1", False),
        ("assistant", "heard 1", True),
    ]


@pytest.mark.parametrize(("count", "text"), [(100, "short"), (40, "long " * 1000)])
def test_the_end_of_a_long_conversation_is_kept(count: int, text: str) -> None:
    """At most sixty messages and 64,000 characters are kept."""
    kept = Conversation("nova", a_history(count, text)).to_text()
    messages = Conversation.from_text(kept).history.messages()

    assert len(kept) <= 64_000
    assert 0 < len(messages) <= 60
    assert messages[-1].text_content == f"heard {count - 1}"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"persona": "nova", "history": {}}', '{"persona": 1, "history": 2}'])
def test_a_text_that_is_not_a_conversation_is_refused(text: str) -> None:
    """Another version may have written it in another form."""
    with pytest.raises(ValueError, match="this is not a conversation"):
        Conversation.from_text(text)


async def test_a_store_that_fails_does_not_end_a_call(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Each failure is logged once, without a word of the conversation."""
    (tmp_path / "file").touch()
    keeper = Keeper(LocalConversations(tmp_path / "file"), WEB_ROOM, "agent-1")
    await keeper.keep(Conversation("nova", a_history(1, "a word")))
    await keeper.forget()

    assert await keeper.read() is None
    assert len(caplog.records) == 3
    assert "a word" not in caplog.text


async def test_an_agent_goes_on_where_another_was_cut_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says so instead of the opening, knows what was said before, and keeps what is said from then on."""
    keeper = Keeper(LocalConversations(tmp_path), WEB_ROOM, "agent-2")
    resumed = Conversation("poet", a_history(1, "my name is Ada"))
    async with staged(monkeypatch, Reply((BYE,)), keeper=keeper, resumed=resumed) as stage:
        await stage.call.start()
        stage.room.come(CLIENT, microphone=True)
        await stage.has_said(BACK)
        stage.session.generate_reply(user_input="What is my name?")
        await stage.has_said(BYE)
        stage.call.shut_down(drain=False)
        await stage.call.close()
        kept = await keeper.read()

    assert kept is not None
    assert kept.persona == "poet"
    said = ["my name is Ada 0", "heard 0", BACK, "What is my name?", BYE]
    assert [message.text_content for message in kept.history.messages()] == said
    [asked] = stage.thoughts.asked
    assert asked[1:] == said[:-1]
    assert not any(message.text_content == OPENING for message in stage.said)


async def test_a_conversation_is_kept_when_speech_is_cut(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The conversation that the store has after the end begins with the opening."""
    keeper = Keeper(LocalConversations(tmp_path), WEB_ROOM, "agent-1")
    async with staged(monkeypatch, keeper=keeper) as stage:
        await stage.call.start()
        stage.room.come(CLIENT, microphone=True)
        await stage.has_said(OPENING)
        stage.session.say(STORY)
        stage.call.shut_down(drain=False)
        await stage.call.close()
        kept = await keeper.read()

    assert kept is not None
    assert kept.persona == "nova"
    assert [message.text_content for message in kept.history.messages()][:1] == [OPENING]


@pytest.mark.looptime
async def test_what_was_heard_of_an_answer_is_kept_before_it_is_over(tmp_path: Path) -> None:
    """The part that was heard is written once a second, as interrupted; the committed answer replaces it."""
    session: Any = TalkingSession()
    conversations = LocalConversations(tmp_path)
    memory = Memory(session, Keeper(conversations, WEB_ROOM, "agent-1"), lambda: "nova")
    session.add("user", "Tell me a story.")
    await asyncio.sleep(1.5)
    kept = []
    for word in ("Once ", "there ", "was "):
        memory.heard(word)
        await asyncio.sleep(0.6)
        kept.append(last_of(conversations))
    session.add("assistant", "Once there was a lighthouse.")
    await memory.aclose()

    assert kept == [("Once", True), ("Once", True), ("Once there was", True)]
    assert last_of(conversations) == ("Once there was a lighthouse.", False)


class TalkingSession(rtc.EventEmitter[Literal["conversation_item_added"]]):
    """A session whose history the test writes."""

    def __init__(self) -> None:
        super().__init__()
        self.history = llm.ChatContext.empty()

    def add(self, role: llm.ChatRole, text: str) -> None:
        item = self.history.add_message(role=role, content=text)
        self.emit("conversation_item_added", ConversationItemAddedEvent(item=item))


def last_of(conversations: LocalConversations) -> tuple[str | None, bool]:
    """Return the last message that is kept, and whether it was interrupted."""
    text = conversations.read(WEB_ROOM)
    assert text is not None
    last = Conversation.from_text(text).history.messages()[-1]
    return last.text_content, last.interrupted
