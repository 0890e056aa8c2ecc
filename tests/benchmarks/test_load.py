"""The results of the steps of `make load`, and the stand-ins that it runs with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.figures import Plugin
from benchmarks.load import measure
from benchmarks.load.light_stand_ins import QUESTION, NoRecogniser, OneSound, create_app
from benchmarks.load.report import Sizing, as_markdown, sizing, sizing_table
from benchmarks.load.step import Step

if TYPE_CHECKING:
    from collections.abc import Sequence


def step(calls: int, turn: float, *, cores: float = 0.0, missed: int = 0, plugin: Plugin = Plugin.OURS) -> Step:
    """Return a step whose turns all took this long."""
    return Step(plugin, calls, [3.0] * calls, [turn] * calls, missed, cores, 1.5, 100.0 + 60 * calls, 100.0)


STEPS: Sequence[Step] = (
    step(1, 1.0, cores=0.2),
    step(4, 1.1, cores=0.6),
    step(8, 1.9, cores=2.0),
    step(12, 2.4, cores=1.9),
    step(1, 1.0, cores=0.3, plugin=Plugin.OFFICIAL),
)


def test_the_knee_is_where_turns_take_twice_as_long() -> None:
    """A call's needs are taken from the largest step before it; 70 % of four cores are shared among such calls."""
    assert sizing(STEPS, Plugin.OURS) == Sizing(knee=8, cores=0.25, memory=60.0, calls=11)
    assert sizing(STEPS, Plugin.OFFICIAL).knee == 1


def test_a_step_with_missed_questions_is_beyond_the_knee() -> None:
    """The times of only the answered questions would be too good."""
    assert sizing([step(1, 1.0, cores=0.2), step(2, 1.0, cores=0.4, missed=1)], Plugin.OURS).knee == 1


def test_steps_without_answers_give_no_sizing() -> None:
    """A run in which no call was answered has no sizing."""
    assert sizing([Step(Plugin.OURS, 1, missed=1)], Plugin.OURS) == Sizing(0, 0.0, 0.0, 0)


def test_each_step_is_a_row() -> None:
    """Values are per call, and with the spread where there is one."""
    rows = as_markdown(STEPS[:2]).splitlines()[2:]

    assert rows[0] == "| ours | 1 | 1.5 cores | 0.20 | 60 MB | 3.0 s | 1.0 s | 0 |"
    assert rows[1] == "| ours | 4 | 1.5 cores | 0.15 | 60 MB | 3.0 / 3.0 s | 1.1 / 1.1 s | 0 |"


def test_each_plugin_is_a_row_of_the_sizing() -> None:
    """The rows are in the order of the measurements."""
    assert sizing_table(STEPS).splitlines()[2:] == [
        "| ours | 8 | 0.25 | 60 MB | 11 |",
        "| official | 1 | 0.30 | 60 MB | 9 |",
    ]


async def test_a_step_begins_when_the_workers_are_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers that still prepare processes, and a process that is ending, are waited for."""
    seconds = iter([0.0, 1.0, 1.0, 2.0, 2.0, 0.5, 0.5, 0.5, 9.0])
    monkeypatch.setattr(measure, "_LOOK", 0.001)
    monkeypatch.setattr(measure, "cpu_seconds", lambda _: next(seconds))

    await measure.quiet([1])

    assert next(seconds) == 9.0


async def test_every_utterance_is_the_same_question() -> None:
    """Nothing is recognised; the words are spread over the utterance."""
    async with NoRecogniser() as recogniser:
        heard = await recogniser.recognise(bytes(2 * 16_000), 16_000)

    assert heard.text == QUESTION
    assert heard.words[-1].end == pytest.approx(1.0)
    assert recogniser.pid is None


async def test_the_duration_of_a_text_follows_from_its_words() -> None:
    """The sound is loud enough to be heard by the caller."""
    async with OneSound() as speaker:
        speech = await speaker.synthesise("one two three", voice="agent", rate_hz=24_000)
    samples = np.frombuffer(speech.pcm, np.int16).astype(np.float64)

    assert len(samples) == pytest.approx(0.9 * 24_000, abs=1)
    assert [word.text for word in speech.words] == ["one", "two", "three"]
    assert np.sqrt(np.mean(samples**2)) > 3000
    assert speaker.pid is None


def test_the_stand_ins_are_where_the_workers_look_for_them() -> None:
    """Each stand-in is below its vendor's name."""
    prefixes = {resource.canonical for resource in create_app().router.resources()}

    assert {"/deepgram", "/elevenlabs", "/openai", "/liveavatar"} <= prefixes
