from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from livekit.agents import UserStateChangedEvent

from agent.control.turn_timings import TurnTimings
from agent.conversation.apology import Apology
from agent.conversation.persona_agent import PersonaAgent
from agent.conversation.stt_watchdog import SttWatchdog
from agent.persona import Persona
from agent.speech.queue import SpeechQueue
from demo.call.changes import Changes
from tests.agent.control.fakes import CalledSession
from tests.agent.session_fakes import Reply, ScriptedLLM, ScriptedSTT
from tests.agent.speech.speech_fakes import Line, ScriptedTTS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.control.waterfall import Turn

# Waits take no real time: on a busy machine they would end in another order.
pytestmark = pytest.mark.looptime

PERSONA = Persona(name="Ada", instructions="Be kind.")
VOICE = {"Fine.": Line(0.2, 1), "Word for word.": Line(0.2, 2), "And this.": Line(0.2, 3)}
HEARD = ["first_token", "first_audio", "speaking"]


class Watched:
    """A session whose turns are measured."""

    def __init__(self, *replies: Reply, hears: bool) -> None:
        self.told: list[Turn] = []
        self.changes = Changes()
        self.session = CalledSession(ScriptedLLM(*replies), ScriptedTTS(VOICE), hears=hears)
        self.turns = TurnTimings(self.session, self._tell)
        self.speech = SpeechQueue(self.session)

    @property
    def last(self) -> dict[int, Turn]:
        """Return the last report of each turn."""
        return {turn.number: turn for turn in self.told}

    async def until(self, count: int, stage: str = "speaking") -> None:
        """Wait until so many turns have reached a stage; by default their first sound."""
        async with asyncio.timeout(10):
            await self.changes.until(lambda: sum(stage in turn.stages for turn in self.last.values()) >= count or None)

    def _tell(self, turn: Turn) -> None:
        self.told.append(turn)
        self.changes.notify()


@asynccontextmanager
async def watched(*replies: Reply, hears: bool = False) -> AsyncIterator[Watched]:
    """Start a session with turn timings."""
    made = Watched(*replies, hears=hears)
    apology = Apology(made.session, "Sorry.")
    attention = SttWatchdog(made.session, apology.say)
    agent = PersonaAgent(
        PERSONA,
        [],
        made.session,
        apology=apology,
        stt_watchdog=attention,
        on_first_token=made.turns.first_token,
        on_first_audio=made.turns.first_audio,
        on_failure=lambda _: None,
    )
    await made.session.start(agent)
    assert made.session.output.audio is not None
    made.session.output.audio.on("playback_started", made.turns.speaking)
    try:
        yield made
    finally:
        await made.speech.aclose()
        await made.session.aclose()


async def test_a_text_is_measured_to_its_first_sound() -> None:
    """Each stage is reported when it is reached; a text has no transcript."""
    async with watched(Reply(("Fine.",))) as call:
        with call.turns.asked("text", time.time()):
            call.session.generate_reply(user_input="hello")
        await call.until(1)

    assert [list(turn.stages) for turn in call.told] == [HEARD[:end] for end in range(4)]
    assert {(turn.number, turn.by) for turn in call.told} == {(1, "text")}


async def test_a_repeat_has_no_language_model_stage() -> None:
    """Its audio counts although no task of the framework makes it; a repeat that joins another has no turn."""
    async with watched() as call:
        for text in ("Word for word.", "And this."):
            with call.turns.asked("repeat", time.time()):
                sentence = call.speech.say(text)
        await sentence

    assert [(turn.number, turn.by, list(turn.stages)) for turn in call.last.values()] == [(1, "repeat", HEARD[1:])]


async def test_speech_without_a_request_is_not_a_turn() -> None:
    """An apology or a goodbye has no request to measure it against."""
    async with watched() as call:
        await call.session.say("Fine.")

    assert call.told == []


async def test_speech_is_measured_from_its_end() -> None:
    """The end is the one that voice activity detection reported, although the report is older than the text."""
    async with watched(Reply(("Fine.",)), hears=True) as call:
        stt = call.session.stt
        assert isinstance(stt, ScriptedSTT)
        await stt.wait_for_streams(1)
        ended = UserStateChangedEvent(old_state="speaking", new_state="listening", created_at=time.time() - 1.0)
        call.session.emit("user_state_changed", ended)
        call.session.update_options(turn_detection="manual")
        stt.streams[0].understand("hello")
        await asyncio.sleep(0.05)
        call.session.commit_user_turn(transcript_timeout=0.0)
        await call.until(1)

    turn = call.last[1]
    assert (turn.by, list(turn.stages)) == ("speech", ["transcript", *HEARD])


async def test_of_two_turns_at_once_each_has_its_own_stages() -> None:
    """The second turn interrupts the first before it is heard, and none of its stages count for the first."""
    async with watched(Reply(("Fine.",), then="hang"), Reply(("Fine.",))) as call:
        for text in ("one", "two"):
            with call.turns.asked("text", time.time()):
                call.session.generate_reply(user_input=text)
            if text == "one":
                await call.until(1, "first_token")
                await call.session.interrupt()
        await call.until(1)

    stages: dict[int, Any] = {number: list(turn.stages) for number, turn in call.last.items()}
    assert stages == {1: ["first_token"], 2: HEARD}
