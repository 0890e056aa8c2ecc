"""The state of a repeat, derived from its sentences."""

from __future__ import annotations

import asyncio
import json

import pytest

from agent.control.repeats import Repeats, state_of
from agent.speech.sentence import Sentence, SentenceState
from tests.agent.control.caller import calling
from tests.agent.speech.speech_fakes import ClockedOutput

QUEUED, STARTED, FINISHED, INTERRUPTED, FAILED = SentenceState


def sentence(state: SentenceState, *, duration: float | None = None, played: float = 0.0) -> Sentence:
    """Make a sentence in this state."""
    made = Sentence("Fine.")
    made.state, made.duration, made.position = state, duration, played
    return made


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([], "finished"),
        ([QUEUED, QUEUED], "queued"),
        ([STARTED, QUEUED], "started"),
        ([FINISHED, QUEUED], "started"),
        ([FINISHED, FINISHED], "finished"),
        ([FINISHED, INTERRUPTED], "interrupted"),
        ([FAILED, FINISHED, INTERRUPTED], "failed"),
    ],
)
def test_the_state_of_a_repeat_is_that_of_its_sentences(states: list[SentenceState], state: str) -> None:
    """It is started as soon as one is heard, over when all are, and not finished if one was cut or failed."""
    assert state_of("id", [sentence(each) for each in states]).state == state


def test_the_duration_is_known_when_all_is_synthesised() -> None:
    """Until then it is null; the played time counts the sentences that are over."""
    first = sentence(FINISHED, duration=0.5, played=0.5)

    unknown = state_of("id", [first, sentence(QUEUED)])
    known = state_of("id", [first, sentence(STARTED, duration=1.25)])

    assert (unknown.duration_ms, unknown.played_ms) == (None, 500)
    assert (known.duration_ms, known.played_ms) == (1750, 500)


def test_the_last_hundred_repeats_are_remembered() -> None:
    """The oldest is forgotten first."""
    repeats = Repeats()
    ids = [repeats.add([]) for _ in range(101)]

    assert (repeats.get(ids[0]), repeats.get(ids[1]), repeats.get(ids[-1])) == (None, [], [])


async def test_a_repeat_is_followed_by_its_id() -> None:
    """Its state can be read from the start to the end; an unknown id is refused."""
    async with calling() as caller:
        text = "This is said word for word. And so is this one, at its end."
        repeat = (await caller.call("repeat", json.dumps({"text": text})))["id"]
        assert (await caller.call("get_repeat", json.dumps({"id": repeat})))["state"] == "queued"

        told = await caller.call("get_repeat", json.dumps({"id": repeat, "wait": 8}))

        assert told == {"id": repeat, "state": "finished", "duration_ms": 600, "played_ms": 600}
        assert (await caller.refusal("get_repeat", '{"id": "another"}')).code == 404


async def test_an_interrupted_repeat_tells_how_much_was_heard() -> None:
    """The repeat is reported as interrupted, with the time that was played."""
    async with calling() as caller:
        repeat = (await caller.call("repeat", '{"text": "A story without an end."}'))["id"]
        output = caller.session.output.audio
        assert isinstance(output, ClockedOutput)
        await output.wait_for_audio(0.1)
        # Some of the audio is played.
        await asyncio.sleep(0.05)
        await caller.call("interrupt")

        told = await caller.call("get_repeat", json.dumps({"id": repeat, "wait": 8}))

    assert told["state"] == "interrupted"
    assert 50 <= told["played_ms"] < 60_000
