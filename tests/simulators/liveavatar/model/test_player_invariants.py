"""Properties of the sound after any commands in any order."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from simulators.liveavatar.model import RATE_HZ
from simulators.liveavatar.model.player import (
    Ended,
    Interrupted,
    Player,
    PlayerEvent,
    Started,
    Starved,
    StateChanged,
)
from tests.simulators.liveavatar.model.player_speech import (
    SETTLE_SECONDS,
    TAIL,
    names,
    playing,
    tone,
)


@dataclass(frozen=True, slots=True)
class Step:
    """An action on a player, `after` samples' time after the previous one."""

    after: int
    kind: Literal["append", "seal", "clear", "start_listening", "stop_listening", "play"]
    size: int


def script(*kinds: str) -> st.SearchStrategy[list[Step]]:
    """Draw steps of these kinds; instants are multiples of 1/64 s, which floats hold exactly."""
    step = st.builds(Step, st.integers(0, 20), st.sampled_from(kinds), st.integers(1, 20_000))
    return st.lists(step, min_size=1, max_size=25)


EVERYTHING = script("append", "append", "append", "seal", "seal", "clear", "start_listening", "stop_listening", "play")
UNINTERRUPTED = script("append", "append", "append", "seal")


@dataclass(slots=True)
class Outcome:
    """The outcome of a script."""

    player: Player
    heard: bytes
    events: list[PlayerEvent]


def perform(steps: list[Step], *, ticks_between: int = 0) -> Outcome:
    """Carry out the steps, playing in between, then wait until all audio has been played."""
    player = playing(latency=1 / 16, interrupt_tail=TAIL)
    now, heard, events = 0.0, b"", list[PlayerEvent]()
    for step in [*steps, Step(0, "seal", 0), Step(64 * SETTLE_SECONDS, "play", 0)]:
        for tick in range(1, ticks_between + 1):
            heard += player.play(now=now + step.after / 64 * tick / (ticks_between + 1))
        now += step.after / 64
        match step.kind:
            case "append":
                player.append(tone(step.size / RATE_HZ, 1), event_id=None, now=now)
            case "play":
                heard += player.play(now=now)
            case kind:
                getattr(player, kind)(*[None][: kind == "clear"], now=now)
        events += player.take_events(now=now)
    return Outcome(player, heard, events)


@given(UNINTERRUPTED)
def test_all_is_heard_without_an_interrupt(steps: list[Step]) -> None:
    """Every byte is heard once, in order, in real time."""
    outcome = perform(steps)
    total = sum(step.size for step in steps if step.kind == "append")

    assert np.frombuffer(outcome.heard, dtype="<i2").sum(dtype=int) == total
    assert len(outcome.heard) // 2 == sum(step.after for step in steps) * RATE_HZ // 64 + SETTLE_SECONDS * RATE_HZ
    assert all(u.ended and u.heard_samples * 2 == u.received_bytes for u in outcome.player.utterances)


@given(UNINTERRUPTED)
def test_underrun_is_the_silence_within_utterances(steps: list[Step]) -> None:
    """The under-run seconds are those that a listener would measure."""
    outcome = perform(steps)
    heard = np.frombuffer(outcome.heard, dtype="<i2")
    for utterance in outcome.player.utterances:
        first = round((utterance.started_at or 0.0) * RATE_HZ)
        spoken = np.flatnonzero(heard[first:])[: utterance.heard_samples]
        assert utterance.underrun_samples == spoken[-1] + 1 - utterance.heard_samples


@given(EVERYTHING)
def test_outcome_does_not_depend_on_how_often_it_is_played(steps: list[Step]) -> None:
    """A slow and a fast loop give the same utterances and the same events in the same order."""
    slow, fast = perform(steps), perform(steps, ticks_between=7)

    assert names(slow.events) == names(fast.events)
    assert [(u.started_at, u.underrun_samples, u.ended) for u in slow.player.utterances] == [
        (u.started_at, u.underrun_samples, u.ended) for u in fast.player.utterances
    ]


@given(EVERYTHING)
def test_events_are_well_formed(steps: list[Step]) -> None:
    """States follow one another; an utterance that starts ends once, by itself or cut; only open utterances starve."""
    outcome = perform(steps)
    changes = [event for event in outcome.events if isinstance(event, StateChanged)]
    fates = [event for event in outcome.events if isinstance(event, Ended | Interrupted)]
    starts = [event.utterance.number for event in outcome.events if isinstance(event, Started)]

    assert all(before.new == after.previous != after.new for before, after in pairwise(changes))
    assert starts == [event.utterance.number for event in fates] == sorted(set(starts))
    assert all(u.ended != u.interrupted for u in outcome.player.utterances)
    assert {event.utterance.number for event in outcome.events if isinstance(event, Starved)} <= set(starts)


@given(EVERYTHING)
def test_heard_is_never_more_than_received(steps: list[Step]) -> None:
    """The tail is included; and all that counts as heard is in the sound."""
    player = perform(steps).player

    assert all(0 <= u.heard_samples * 2 <= u.received_bytes for u in player.utterances)
    assert len(player.sound.pcm) == sum(u.heard_samples * 2 for u in player.utterances)


@given(EVERYTHING)
def test_spans_do_not_overlap(steps: list[Step]) -> None:
    """An avatar plays one utterance at a time."""
    spans = perform(steps).player.spans

    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@given(UNINTERRUPTED)
def test_next_at_leads_to_every_event_at_its_time(steps: list[Step]) -> None:
    """A client that returns at `next_at` sees the same events as one that looks at every step."""
    player, now, events = playing(latency=1 / 16), 0.0, list[PlayerEvent]()
    for step in [*steps, Step(0, "seal", 0), Step(64 * SETTLE_SECONDS, "play", 0)]:
        until = now + step.after / 64
        while (at := player.next_at()) is not None and at < until:
            now = max(now, at)
            player.advance(now)
            events += player.take_events(now=now)
            assert (player.next_at() or math.inf) > now
        now = until
        if step.kind == "append":
            player.append(tone(step.size / RATE_HZ), event_id=None, now=now)
        elif step.kind == "seal":
            player.seal(now=now)

    assert player.next_at() is None
    assert names(events) == names(perform(steps).events)
