"""Replay of cases through a session, and judgement of the results."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from livekit.agents import Agent, AgentSession, TurnHandlingOptions
from livekit.plugins import silero

from agent.conversation.apology import Apology
from agent.conversation.call_session import CallSession
from agent.conversation.persona_agent import PersonaAgent
from agent.conversation.pipeline import build_llm, build_session, build_stt, build_tts, load_vad
from agent.conversation.stt_watchdog import SttWatchdog
from agent.turns import turn_settings
from avatar.captions.captions import AvatarCaptions
from benchmarks.turns.cases import LAUGHTER, MUSIC, NOISE
from benchmarks.turns.devices import CaseMicrophone, ClockedSpeaker, Unseen
from benchmarks.turns.noise import laughter, music, wordless_voice
from demo.call.levels import RATE_HZ

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from agent.persona import Persona
    from agent.settings import Settings
    from benchmarks.turns.cases import Case
    from demo.call.levels import Samples
    from demo.call.voices import StandIns

# Seconds of silence before and after a case.
_BEFORE: Final = 1.0
_AFTER: Final = 4.0

# Seconds of the story before a caller speaks over it; in the first three the framework ignores voices. An agent that
# its own voice interrupts may never get so far: the caller then speaks after `_STORY_WAIT` seconds.
_INTO_STORY: Final = 3.5
_STORY_WAIT: Final = 8.0

# Seconds for a whole case; the longest takes some twenty.
_LIMIT: Final = 90.0

_SOUNDS: Final[Mapping[str, Callable[[], Samples]]] = {
    NOISE: partial(wordless_voice, 0.6),
    LAUGHTER: laughter,
    MUSIC: music,
}

# A voice 20 dB quieter than the caller's.
_BACKGROUND: Final = 0.1

_STORY: Final = " ".join(f"This is sentence number {number} of a story that has no end." for number in range(12))


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a case.

    Attributes:
        cut_ins: Surplus turns: the agent answered before the caller was done, or answered speech that needs no answer.
        missed: Missing turns.
        answered_after: Seconds from the last word to the answer's first audio; None without an answer.
        silent_after: Seconds from the first word over the story until the agent was silent; None if it never was.
        resumed_after: Seconds from the last sound over the story until the agent continued; None if it did not.
    """

    cut_ins: int
    missed: int
    answered_after: float | None
    silent_after: float | None
    resumed_after: float | None


async def replay(case: Case, settings: Settings, persona: Persona, voice: StandIns, *, official: bool) -> Outcome:
    """Replay one case in real time.

    Args:
        case: The case.
        settings: The turn settings, and the stand-ins' address.
        persona: The agent's persona, which may have turn settings of its own.
        voice: The caller's synthetic voice.
        official: True for the framework's defaults and an output that can't pause, as the official plugin has.
    """
    speech = await _speech(case, voice)
    speaker = ClockedSpeaker(can_pause=not official)
    microphone = CaseMicrophone(speaker, 0.0 if case.echo_db is None else 10 ** (case.echo_db / 20))
    async with asyncio.timeout(_LIMIT), _session(settings, persona, official=official) as (session, agent):
        session.input.audio, session.output.audio = microphone, speaker
        if isinstance(session, CallSession):
            _show_captions(session, speaker)
        await session.start(agent)
        if isinstance(session, CallSession):
            session.condition_input(echo_gate=settings.echo_gate, auto_gain_control=False)
        if case.over_story:
            session.say(_STORY)
            with suppress(TimeoutError):
                async with asyncio.timeout(_STORY_WAIT):
                    while speaker.played < _INTO_STORY:  # noqa: ASYNC110 - the speaker has no event
                        await asyncio.sleep(0.02)
        else:
            await asyncio.sleep(_BEFORE)
        began_at = time.monotonic()
        ended_at = await microphone.say(speech)
        await asyncio.sleep(_AFTER)
        turns = sum(message.role == "user" for message in session.history.messages())
        # Before the session closes, which silences the agent too.
        outcome = judge(case, turns, speaker, began_at, ended_at)
    if speaker.captions is not None:
        await speaker.captions.aclose()
    await speaker.aclose()
    return outcome


def judge(case: Case, turns: int, speaker: ClockedSpeaker, began_at: float, ended_at: float) -> Outcome:
    """Judge a case by the turns that were taken, and by when the agent spoke, given when the caller began and ended."""
    silent = sorted(at for at in (*speaker.paused, *speaker.ended) if at > began_at) if case.over_story else []
    answers = [at for at in speaker.began if at > ended_at]
    resumed = [at for at in speaker.resumed if at > ended_at]
    return Outcome(
        cut_ins=max(0, turns - case.turns),
        missed=max(0, case.turns - turns),
        answered_after=answers[0] - ended_at if answers and turns == case.turns == 1 else None,
        silent_after=silent[0] - began_at if silent else None,
        resumed_after=resumed[0] - ended_at if resumed and not case.turns else None,
    )


@asynccontextmanager
async def _session(
    settings: Settings, persona: Persona, *, official: bool
) -> AsyncIterator[tuple[AgentSession[Any], Agent]]:
    if official:
        session = AgentSession[Any](
            vad=silero.VAD.load(),
            stt=build_stt(settings, persona),
            llm=build_llm(settings, persona),
            tts=build_tts(settings, persona),
            turn_handling=TurnHandlingOptions(turn_detection="vad"),
        )
        yield session, Agent(instructions=persona.instructions)
        await session.aclose()
        return
    session = build_session(settings, persona, load_vad())
    apology = Apology(session, persona.apology)
    yield (
        session,
        PersonaAgent(
            persona,
            [],
            session,
            apology=apology,
            stt_watchdog=SttWatchdog(session, apology.say),
            on_first_token=lambda: None,
            on_first_audio=lambda: None,
            on_failure=lambda _: None,
            turns=turn_settings(settings, persona),
        ),
    )
    await apology.aclose()
    await session.close()


def _show_captions(session: CallSession, speaker: ClockedSpeaker) -> None:
    """Show the words as they are heard, so that the agent recognises its echo, as `AvatarSession` does in a call."""
    session.output.transcription = Unseen()
    session.note_said_words()
    speaker.captions = AvatarCaptions(session.output.transcription, lambda: speaker.played)
    session.output.transcription = speaker.captions


async def _speech(case: Case, voice: StandIns) -> Samples:
    speech = np.concatenate([await _sound(part, voice) for part in case.says])
    if not case.background:
        return speech
    other = np.resize(await voice.speak(case.background), len(speech))
    mixed: Samples = np.clip(speech + _BACKGROUND * other, -32_768, 32_767).astype(np.int16)
    return mixed


async def _sound(part: str | float, voice: StandIns) -> Samples:
    if isinstance(part, float):
        return np.zeros(round(part * RATE_HZ), np.int16)
    return _SOUNDS[part]() if part in _SOUNDS else await voice.speak(part)
