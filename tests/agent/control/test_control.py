from __future__ import annotations

from typing import Any, Literal

from livekit import rtc
from livekit.agents import ConversationItemAddedEvent, llm

from agent.call.budget import Reason
from agent.control.voice_only import SENTENCES
from avatar import AvatarReason, AvatarStatus
from avatar.core import Sink, SinkChanged
from tests.agent.control.caller import calling


class Avatar(rtc.EventEmitter[Literal["avatar_rejected", "core_event", "status_changed", "speech_sent"]]):
    """A fake avatar that joins and leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.avatar_identity = "the-avatar"
        self.seconds_used = 30.0
        self.sessions_used = 1


async def test_the_avatar_attributes_follow_its_status() -> None:
    """The attributes hold the avatar's state, the reason why it is absent, and its identity."""
    told = []
    async with calling() as caller:
        avatar: Any = Avatar()
        caller.control.show(avatar)
        idle = caller.control.attributes._outbox._is_empty
        for identity, status in (
            ("the-avatar", AvatarStatus(is_live=True)),
            ("the-avatar", AvatarStatus(is_live=False, reason=AvatarReason.RELEASED, detail=Reason.IDLE)),
            ("the-avatar-2", AvatarStatus(is_live=True)),
        ):
            avatar.avatar_identity = identity
            avatar.emit("status_changed", status)
            await idle.wait()
            told.append((caller.agent.attributes["avatar"], caller.agent.attributes["avatar_identity"]))
        avatar.emit("speech_sent")

    assert told == [
        ("live", "the-avatar"),
        (f"voice only: {SENTENCES[Reason.IDLE]}", "the-avatar"),
        ("live", "the-avatar-2"),
    ]
    assert caller.agent.packets[-1]["avatar_seconds"] == 30.0


async def test_an_avatar_that_took_over_is_named() -> None:
    """The new session replaces the old one without a time between them in which there is no avatar."""
    async with calling() as caller:
        avatar: Any = Avatar()
        caller.control.show(avatar)
        avatar.emit("status_changed", AvatarStatus(is_live=True))
        avatar.avatar_identity = "the-avatar-2"
        avatar.emit("core_event", SinkChanged(Sink.AVATAR))
        await caller.control.attributes._outbox._is_empty.wait()

        assert caller.agent.attributes["avatar_identity"] == "the-avatar-2"


async def test_the_room_knows_the_agent_before_it_takes_requests() -> None:
    """The agent's name and persona are published when it joins."""
    async with calling() as caller:
        await caller.control.attributes._outbox._is_empty.wait()

    assert caller.agent.names == ["Ada (agent)"]
    assert caller.agent.attributes == {
        "control": "1",
        "stand_ins": "",
        "avatar": "starting",
        "input": "open",
        "persona": "nova",
        "personas": "nova,poet",
    }


async def test_an_answer_is_published_as_it_was_heard() -> None:
    """Only the agent's answers are published, and whether they were interrupted."""
    async with calling() as caller:
        for message in (
            llm.ChatMessage(role="user", content=["tell me a story"]),
            llm.ChatMessage(role="assistant", content=["Once there"], interrupted=True),
        ):
            caller.session.emit("conversation_item_added", ConversationItemAddedEvent(item=message))

    assert [(event["text"], event["interrupted"]) for event in caller.events("said")] == [("Once there", True)]
    assert caller.agent.lines == []
