from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from livekit.agents import Agent

from agent.control.attributes import Attributes
from agent.control.push_to_talk import PushToTalk
from agent.control.refusal import RefusalError
from agent.framework import paused_speech
from agent.speech.queue import SpeechQueue
from tests.agent.control.fakes import CALLER, CalledSession, Room, presence_of
from tests.agent.session_fakes import Reply, ScriptedLLM, ScriptedSTT
from tests.agent.speech.speech_fakes import ClockedOutput, Line, ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.agent.session_fakes import ScriptedEar

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

VOICE = {"A story.": Line(5.0, 1), "Fine.": Line(0.1, 2)}


class Talker:
    """A caller with a button, and the session that listens."""

    def __init__(self) -> None:
        self.thoughts = ScriptedLLM(Reply(("Fine.",)))
        self.room = Room()
        self.session = CalledSession(self.thoughts, ScriptedTTS(VOICE), hears=True, room=self.room)
        self.presence = presence_of(self.session, self.room)
        self.attributes = Attributes(self.room)  # type: ignore[arg-type] # as much of a room as it needs
        self.button = PushToTalk(self.session, self.presence, self.attributes)

    def is_heard(self) -> bool:
        return self.session.input.audio_enabled

    def turn_detection(self) -> object:
        return self.session.turn_detection

    async def ear(self, number: int) -> ScriptedEar:
        """Return the n-th speech-to-text stream."""
        stt = self.session.stt
        assert isinstance(stt, ScriptedSTT)
        await stt.wait_for_streams(number)
        return stt.streams[number - 1]

    @property
    def mode(self) -> tuple[bool, object, str]:
        """Return whether the microphone is open, the turn detection, and the published mode."""
        shown = self.attributes._known.get("input", "open")
        return self.session.input.audio_enabled, self.session.turn_detection, shown


@asynccontextmanager
async def talker() -> AsyncIterator[Talker]:
    """Start a call with a button."""
    made = Talker()
    await made.session.start(Agent(instructions=""))
    made.presence.watch()
    try:
        yield made
    finally:
        made.button.close()
        await made.session.aclose()


async def test_a_turn_ends_with_the_button_and_is_answered_once() -> None:
    """Two pieces of speech under one press are one turn; without the button no speech is heard."""
    async with talker() as call:
        held = [call.button.is_held]
        await call.button.start(CALLER)
        assert call.is_heard()
        held.append(call.button.is_held)
        ear = await call.ear(2)
        for words in ("tell me", "a story"):
            ear.understand(words)
        await asyncio.sleep(0.05)
        assert call.thoughts.asked == []
        answered = asyncio.Event()
        call.session.on("conversation_item_added", lambda _: answered.set())
        call.button.end(CALLER)
        assert not call.is_heard()
        assert [*held, call.button.is_held] == [False, True, False]
        async with asyncio.timeout(10):
            await answered.wait()

        assert [asked[-1] for asked in call.thoughts.asked] == ["tell me a story"]
        assert call.attributes._known["input"] == "push_to_talk"


async def test_a_button_that_is_pressed_again_starts_over() -> None:
    """A new press drops the pending words of the last one: they do not complete the new turn."""
    async with talker() as call:
        await call.button.start(CALLER)
        call.button.end(CALLER)
        await call.button.start(CALLER)
        (await call.ear(3)).understand("a story")
        await asyncio.sleep(0.05)
        assert call.thoughts.asked == []
        answered = asyncio.Event()
        call.session.on("conversation_item_added", lambda _: answered.set())
        call.button.end(CALLER)
        async with asyncio.timeout(10):
            await answered.wait()

        assert [asked[-1] for asked in call.thoughts.asked] == ["a story"]


async def test_a_button_that_is_only_touched_leaves_the_microphone_closed() -> None:
    """The release may come before the press has dropped the turn that is still pending."""
    async with talker() as call:
        await call.button.start(CALLER)
        call.button.end(CALLER)
        starting = asyncio.create_task(call.button.start(CALLER))
        await asyncio.sleep(0)
        call.button.end(CALLER)
        await starting

        assert not call.is_heard()


async def test_the_button_interrupts_the_agent() -> None:
    """It also interrupts speech that a voice may not interrupt."""
    async with talker() as call:
        speech = call.session.say("A story.", allow_interruptions=False)
        output = call.session.output.audio
        assert isinstance(output, ClockedOutput)
        await output.wait_for_audio(0.1)
        await call.button.start(CALLER)

        assert speech.interrupted
        assert output.reported[0] < 5.0


async def test_a_button_that_is_not_held_can_not_be_released() -> None:
    """A second release is refused, too; a second press is ignored."""
    async with talker() as call:
        with pytest.raises(RefusalError) as refused:
            call.button.end(CALLER)
        assert refused.value.code == 409
        await call.button.start(CALLER)
        await call.button.start(CALLER)
        call.button.end(CALLER)
        with pytest.raises(RefusalError):
            call.button.end(CALLER)


async def test_a_page_that_vanishes_releases_the_button() -> None:
    """The turn gets no answer, and the button may be held again; other participants who leave change nothing."""
    async with talker() as call:
        await call.button.start(CALLER)
        call.room.come("somebody else")
        call.room.leave("somebody else")
        assert call.is_heard()
        call.room.leave(CALLER)
        assert not call.is_heard()
        with pytest.raises(RefusalError):
            call.button.end(CALLER)
        call.room.come(CALLER, microphone=True)
        assert call.mode == (False, "manual", "push_to_talk")
        await call.button.start(CALLER)

        assert call.is_heard()
        assert call.thoughts.asked == []


async def test_push_to_talk_ends_with_the_caller_who_chose_it() -> None:
    """The next linked caller is heard through an open microphone: a telephone has no button."""
    async with talker() as call:
        call.room.come("phone", microphone=True)
        call.button.set_mode("push_to_talk", CALLER)
        assert call.mode == (False, "manual", "push_to_talk")
        call.room.leave(CALLER)

        assert call.presence.linked == "phone"
        assert call.mode == (True, "stt", "open")


async def test_callers_with_and_without_the_button_are_heard() -> None:
    """A caller who speaks is linked in their own mode, and a caller who presses the button is linked in theirs."""
    async with talker() as call:
        call.button.set_mode("push_to_talk", CALLER)
        call.room.come("phone", microphone=True)
        call.room.speak("phone")
        assert (call.presence.linked, call.mode) == ("phone", (True, "stt", "open"))
        await call.button.start(CALLER)
        assert (call.presence.linked, call.mode) == (CALLER, (True, "manual", "push_to_talk"))
        with pytest.raises(RefusalError):
            call.button.end("phone")
        call.button.end(CALLER)
        assert call.mode == (False, "manual", "push_to_talk")
        assert call.button._completing is not None
        await call.button._completing
        await asyncio.sleep(0)

        assert (call.presence.linked, call.mode) == ("phone", (True, "stt", "open"))


async def test_the_mode_of_another_caller_waits_for_the_link() -> None:
    """The linked caller's open microphone stays until the other one is linked."""
    async with talker() as call:
        call.room.come("second", microphone=True)
        call.button.set_mode("push_to_talk", "second")
        assert call.mode == (True, "stt", "open")
        call.room.leave(CALLER)

        assert call.mode == (False, "manual", "push_to_talk")


async def test_an_opening_that_waits_is_not_taken_for_paused_speech() -> None:
    """Push-to-talk that is chosen before the opening does not silence it."""
    async with talker() as call:
        queue = SpeechQueue(call.session)
        queue.hold()
        queue.say("Fine.")
        await asyncio.sleep(0.05)
        call.button.set_mode("push_to_talk", CALLER)
        await asyncio.sleep(0.05)
        queue.release()
        output = call.session.output.audio
        assert isinstance(output, ClockedOutput)
        async with asyncio.timeout(10):
            await output.wait_for_audio(0.1)


class Noise:
    """The framework's reactions to sound from the caller's microphone."""

    def __init__(self, call: Talker) -> None:
        assert call.session._activity is not None
        self._activity = call.session._activity

    def begins(self) -> None:
        self._activity.on_start_of_speech(None, speech_start_time=0.0)
        self._activity._interrupt_by_audio_activity()


async def test_an_opening_that_a_noise_has_paused_is_still_said() -> None:
    """The mode switches off the detection that would end the pause, before the opening has begun."""
    async with talker() as call:
        queue = SpeechQueue(call.session)
        queue.hold()
        queue.say("Fine.")
        await asyncio.sleep(0.05)
        Noise(call).begins()
        assert paused_speech(call.session) is not None
        call.button.set_mode("push_to_talk", CALLER)
        await asyncio.sleep(0.05)
        queue.release()
        output = call.session.output.audio
        assert isinstance(output, ClockedOutput)
        async with asyncio.timeout(10):
            await output.wait_for_audio(0.1)


async def test_a_lost_release_ends_the_turn_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time for which a button can be held is limited."""
    monkeypatch.setattr("agent.control.push_to_talk._LONGEST_HOLD", 0.01)
    async with talker() as call:
        await call.button.start(CALLER)
        await asyncio.sleep(0.1)

        assert not call.is_heard()
        assert call.button._held_by is None


async def test_the_open_microphone_comes_back_as_it_was() -> None:
    """The turn detection is the one that the session started with."""
    async with talker() as call:
        call.button.set_mode("push_to_talk", CALLER)
        assert not call.is_heard()
        assert call.turn_detection() == "manual"
        call.button.set_mode("open", CALLER)

        assert call.is_heard()
        assert call.turn_detection() == "stt"
        assert call.attributes._known["input"] == "open"
