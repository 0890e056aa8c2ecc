from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from livekit.agents import Agent

from agent.control.attributes import Attributes
from agent.control.push_to_talk import PushToTalk
from agent.control.refusal import RefusalError
from tests.agent.control.fakes import CALLER, CalledSession, Room
from tests.agent.session_fakes import Reply, ScriptedLLM, ScriptedSTT
from tests.agent.speech.speech_fakes import ClockedOutput, Line, ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.agent.session_fakes import ScriptedEar

VOICE = {"A story.": Line(5.0, 1), "Fine.": Line(0.1, 2)}


class Talker:
    """A caller with a button, and the session that hears."""

    def __init__(self) -> None:
        self.thoughts = ScriptedLLM(Reply(("Fine.",)))
        self.session = CalledSession(self.thoughts, ScriptedTTS(VOICE), hears=True)
        self.room = Room()
        self.attributes = Attributes(self.room)  # type: ignore[arg-type] # as much of a room as it needs
        self.button = PushToTalk(self.session, self.room, self.attributes)  # type: ignore[arg-type] # also that

    def is_heard(self) -> bool:
        return self.session.input.audio_enabled

    def turn_detection(self) -> object:
        return self.session.turn_detection

    async def ear(self, number: int) -> ScriptedEar:
        """The n-th stream of speech to text."""
        stt = self.session.stt
        assert isinstance(stt, ScriptedSTT)
        await stt.wait_for_streams(number)
        return stt.streams[number - 1]

    def vanish(self, identity: str) -> None:
        self.room.emit("participant_disconnected", SimpleNamespace(identity=identity))


@asynccontextmanager
async def talker() -> AsyncIterator[Talker]:
    """A call with a button."""
    made = Talker()
    await made.session.start(Agent(instructions=""))
    try:
        yield made
    finally:
        made.button.close()
        await made.session.aclose()


async def test_a_turn_ends_with_the_button_and_is_answered_once() -> None:
    """What was said in two pieces is one turn; without the button nothing is heard."""
    async with talker() as call:
        await call.button.start(CALLER)
        assert call.is_heard()
        ear = await call.ear(2)
        for words in ("tell me", "a story"):
            ear.understand(words)
        await asyncio.sleep(0.05)
        assert call.thoughts.asked == []
        answered = asyncio.Event()
        call.session.on("conversation_item_added", lambda _: answered.set())
        call.button.end()
        assert not call.is_heard()
        async with asyncio.timeout(10):
            await answered.wait()

        assert [asked[-1] for asked in call.thoughts.asked] == ["tell me a story"]
        assert call.attributes._known["input"] == "push_to_talk"


async def test_a_button_that_is_held_again_begins_anew() -> None:
    """What was said before and not understood yet is given up; it does not complete the new turn."""
    async with talker() as call:
        await call.button.start(CALLER)
        call.button.end()
        await call.button.start(CALLER)
        (await call.ear(3)).understand("a story")
        await asyncio.sleep(0.05)
        assert call.thoughts.asked == []
        answered = asyncio.Event()
        call.session.on("conversation_item_added", lambda _: answered.set())
        call.button.end()
        async with asyncio.timeout(10):
            await answered.wait()

        assert [asked[-1] for asked in call.thoughts.asked] == ["a story"]


async def test_a_button_that_is_only_touched_leaves_nothing_open() -> None:
    """It is released before the last turn was given up: the microphone stays closed."""
    async with talker() as call:
        await call.button.start(CALLER)
        call.button.end()
        starting = asyncio.create_task(call.button.start(CALLER))
        await asyncio.sleep(0)
        call.button.end()
        await starting

        assert not call.is_heard()


async def test_the_button_silences_the_agent() -> None:
    """What was being said is cut, also what must not be interrupted by voice."""
    async with talker() as call:
        speech = call.session.say("A story.", allow_interruptions=False)
        output = call.session.output.audio
        assert isinstance(output, ClockedOutput)
        await output.wait_for_audio(0.1)
        await call.button.start(CALLER)

        assert speech.interrupted
        assert output.reported[0] < 5.0


async def test_a_button_that_is_not_held_can_not_be_released() -> None:
    """Nor twice; and holding it twice is holding it."""
    async with talker() as call:
        with pytest.raises(RefusalError) as refused:
            call.button.end()
        assert refused.value.code == 409
        await call.button.start(CALLER)
        await call.button.start(CALLER)
        call.button.end()
        with pytest.raises(RefusalError):
            call.button.end()


async def test_a_page_that_vanishes_releases_the_button() -> None:
    """Nobody is answered; somebody else who leaves changes nothing, and the page that is back can hold it again."""
    async with talker() as call:
        await call.button.start(CALLER)
        call.vanish("somebody else")
        assert call.is_heard()
        call.vanish(CALLER)
        assert not call.is_heard()
        with pytest.raises(RefusalError):
            call.button.end()
        await call.button.start("caller, again")

        assert call.is_heard()
        assert call.thoughts.asked == []


async def test_a_release_that_got_lost_ends_the_turn_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """A button can't be held for ever."""
    monkeypatch.setattr("agent.control.push_to_talk._LONGEST_HOLD", 0.01)
    async with talker() as call:
        await call.button.start(CALLER)
        await asyncio.sleep(0.1)

        assert not call.is_heard()
        assert call.button._held_by is None


async def test_the_open_microphone_comes_back_as_it_was() -> None:
    """With the turn detection that the session began with."""
    async with talker() as call:
        call.button.set_mode("push_to_talk")
        assert not call.is_heard()
        assert call.turn_detection() == "manual"
        call.button.set_mode("open")

        assert call.is_heard()
        assert call.turn_detection() == "stt"
        assert call.attributes._known["input"] == "open"
