"""The caller itself, which takes its turns one after the other, and waits for the avatar with time limits."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from demo.call.turns import Outcome, Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from demo.call.captions import Captions
    from demo.call.levels import Samples
    from demo.call.listener import Listener
    from demo.call.microphone import Microphone, Spoken
    from demo.call.recording import Recording
    from demo.call.room import CallRoom
    from demo.call.voices import StandIns

# Seconds from the caller's last word to the first sound; an answer takes one or two, a busy machine more.
ANSWER_WITHIN: Final = 20.0

ANSWER_ENDS_WITHIN: Final = 60.0
SILENCE_WITHIN: Final = 8.0
OPENING_WITHIN: Final = 20.0

# Seconds of quiet after which an answer is over; between two sentences there is less.
ANSWER_OVER: Final = 1.2

# The same for an interrupted answer: longer than any pause in speech, shorter than the wait for the reply.
INTERRUPTED: Final = 0.7

Result = TypeVar("Result")


class MissedError(Exception):
    """The avatar did not react in time."""


@dataclass(slots=True)
class Caller:
    """One participant of a call, with all it needs to speak and to listen.

    Attributes:
        room: The room it is in.
        stand_ins: Synthesise its speech, and recognise the answers.
        microphone: Its published track.
        listener: Listens to the avatar's track.
        captions: The room's transcript.
        recording: The video; its picture is taken in the middle of an answer.
    """

    room: CallRoom
    stand_ins: StandIns
    microphone: Microphone
    listener: Listener
    captions: Captions
    recording: Recording

    async def hear_opening(self) -> str:
        """Wait for the agent's opening line, if there is one, and return its words."""
        with suppress(MissedError):
            first = await _within(OPENING_WITHIN, "no opening was heard", self.listener.first_sound(after=0.0))
            await _within(ANSWER_ENDS_WITHIN, "the opening did not end", self._answer_over(first.started_at))
        return self.captions.others(since=0.0)

    async def take(self, turn: Turn) -> tuple[Outcome, Samples]:
        """Say a turn and listen to the answer; return the outcome, and the sound of the answer."""
        outcome = Outcome(turn)
        speech = await self.stand_ins.speak(turn.says)
        began_at = time.monotonic()
        self.listener.begin_answer()
        spoken = await self.microphone.say(speech)
        try:
            await self._hear_answer(outcome, spoken)
        except MissedError as missed:
            outcome.problems.append(str(missed))
        outcome.heard = self.captions.own(began_at)
        outcome.captioned = self.captions.others(began_at)
        return outcome, self.listener.answer()

    async def _hear_answer(self, outcome: Outcome, spoken: Spoken) -> None:
        turn, after = outcome.turn, spoken.started_at
        if turn.barges_in:
            silence = self.listener.silence(spoken.started_at, lasting=INTERRUPTED)
            after = await _within(SILENCE_WITHIN, "the avatar did not fall silent", silence)
            if after == spoken.started_at:
                message = "the avatar was not speaking when it was interrupted"
                raise MissedError(message)
            outcome.to_silence = after - spoken.started_at
            self.listener.begin_answer()
        first = await _within(ANSWER_WITHIN, "no answer was heard", self.listener.first_sound(after))
        outcome.to_first_sound = first.started_at - spoken.ended_at
        if turn.leaves_after is None:
            await _within(ANSWER_ENDS_WITHIN, "the answer did not end", self._answer_over(first.started_at))
        else:
            await asyncio.sleep(first.started_at + turn.leaves_after - time.monotonic())
            self.recording.save_picture()

    async def _answer_over(self, since: float) -> None:
        """Wait until the avatar is quiet and the agent listens, both at the same time."""
        while True:
            quiet_since = await self.listener.silence(since, lasting=ANSWER_OVER)
            await self.room.agent_listens()
            if await self.listener.silence(since, lasting=ANSWER_OVER) == quiet_since:
                return


async def _within(seconds: float, otherwise: str, result: Awaitable[Result]) -> Result:
    try:
        async with asyncio.timeout(seconds):
            return await result
    except TimeoutError:
        message = f"{otherwise} within {seconds:.0f} s"
        raise MissedError(message) from None
