"""The playback core: what is heard, and when, for every order of commands."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.liveavatar.player import (
    RATE_HZ,
    Ended,
    Interrupted,
    Player,
    PlayerEvent,
    Started,
    Starved,
    StateChanged,
)

LATENCY = 0.2
SETTLE_SECONDS = 22  # longer than all audio that a script can hold


def tone(seconds: float, value: int = 1) -> bytes:
    """PCM that is nowhere silent, so that it can be told from silence."""
    return np.full(round(seconds * RATE_HZ), value, dtype="<i2").tobytes()


def samples(pcm: bytes) -> list[int]:
    """The samples in PCM."""
    return [int(sample) for sample in np.frombuffer(pcm, dtype="<i2")]


def runs(pcm: bytes) -> list[tuple[int, float]]:
    """What is heard, as (value, seconds) of every stretch of equal samples."""
    heard = np.frombuffer(pcm, dtype="<i2")
    edges = [0, *(np.flatnonzero(np.diff(heard)) + 1).tolist(), len(heard)]
    return [(int(heard[start]), (end - start) / RATE_HZ) for start, end in pairwise(edges)]


def names(events: list[PlayerEvent]) -> list[str]:
    """Events by name; of a change of state the new state."""
    return [event.new if isinstance(event, StateChanged) else type(event).__name__ for event in events]


def test_play_starts_after_the_latency_when_audio_comes_into_silence() -> None:
    """The first sample is heard one latency after it came, the last one is followed by silence."""
    player = Player(now=10.0, start_latency=LATENCY)
    player.append(tone(0.6), event_id="u1", now=11.0)
    player.seal(now=11.0)

    assert runs(player.play(now=12.0)) == [(0, 1.2), (1, 0.6), (0, 0.2)]
    assert player.utterances[0].started_at == 1.2
    assert names(player.take_events()) == ["talking", "Started", "Ended", "idle"]


def test_play_has_no_gap_when_utterances_are_queued_in_a_row() -> None:
    """Two utterances are two starts and two ends, but the avatar does not idle between them."""
    player = Player(now=0.0, start_latency=LATENCY)
    for value in (1, 2):
        player.append(tone(0.5, value), event_id=f"u{value}", now=0.0)
        player.seal(now=0.0)

    assert runs(player.play(now=1.3)) == [(0, 0.2), (1, 0.5), (2, 0.5), (0, 0.1)]
    assert names(player.take_events()) == ["talking", "Started", "Ended", "Started", "Ended", "idle"]


def test_avatar_idles_and_resumes_when_audio_comes_too_late() -> None:
    """Starvation is an idle state in the middle of an utterance that starts and ends once."""
    player = Player(now=0.0, start_latency=LATENCY)
    player.append(tone(0.5), event_id="u1", now=0.0)
    player.append(tone(0.5), event_id="u1", now=1.0)
    player.seal(now=1.0)

    assert runs(player.play(now=2.0)) == [(0, 0.2), (1, 0.5), (0, 0.5), (1, 0.5), (0, 0.3)]
    assert player.utterances[0].underrun_seconds == 0.5
    assert names(player.take_events()) == ["talking", "Started", "Starved", "idle", "talking", "Ended", "idle"]


def test_seal_ends_the_utterance_when_its_audio_was_played_before() -> None:
    """A late seal is no under-run: nobody waited for more audio."""
    player = Player(now=0.0, start_latency=LATENCY)
    player.append(tone(0.5), event_id="u1", now=0.0)
    player.play(now=1.0)
    player.seal(now=1.5)
    player.play(now=1.54)

    assert names(player.take_events()) == ["talking", "Started", "Starved", "idle", "Ended"]
    assert player.utterances[0].underrun_seconds == 0.0


def test_clear_silences_at_once_when_the_avatar_talks() -> None:
    """Of an interrupted utterance exactly what was played counts as heard, and nothing follows."""
    player = Player(now=0.0, start_latency=LATENCY)
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.append(tone(5.0), event_id="u1", now=0.0)
    assert runs(player.play(now=1.2)) == [(0, 0.2), (1, 1.0)]
    player.clear(now=1.2)

    assert runs(player.play(now=3.0)) == [(0, 1.8)]
    assert player.utterances[0].heard_samples == RATE_HZ
    assert player.utterances[0].interrupted
    assert names(player.take_events()) == ["talking", "Started", "Interrupted", "idle"]


def test_clear_takes_back_what_was_not_sent_when_the_room_drops_it() -> None:
    """Audio that was rendered but never left does not count as heard."""
    player = Player(now=0.0, start_latency=0.0)
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.play(now=1.0)
    player.clear(now=1.04, unsent=0.06)

    assert player.utterances[0].heard_samples == round((1.0 - 0.06) * RATE_HZ)
    assert player.play(now=1.04) == b""


def test_clear_cuts_without_an_event_when_the_utterance_had_not_started() -> None:
    """An utterance within its latency is gone, and nobody is told of an interruption."""
    player = Player(now=0.0, start_latency=LATENCY)
    player.append(tone(1.0), event_id="u1", now=0.0)

    assert [utterance.event_id for utterance in player.clear(now=0.1)] == ["u1"]
    assert set(samples(player.play(now=2.0))) == {0}
    assert player.take_events() == []


def test_clear_finds_nothing_when_all_was_played() -> None:
    """An utterance that was heard to its end is not interrupted afterwards."""
    player = Player(now=0.0, start_latency=LATENCY)
    player.append(tone(0.5), event_id="u1", now=0.0)
    player.seal(now=0.0)

    assert player.clear(now=0.7) == []
    assert player.utterances[0].ended


def test_append_waits_for_the_other_half_when_a_sample_is_split() -> None:
    """Chunks may be cut between the two bytes of a sample."""
    player = Player(now=0.0, start_latency=0.0)
    pcm = tone(0.01, 515)
    player.append(pcm[:101], event_id="u1", now=0.0)
    player.append(pcm[101:], event_id="u1", now=0.0)

    assert player.play(now=0.01) == pcm


def test_utterance_ends_unheard_when_it_has_no_sample() -> None:
    """An utterance of half a sample makes no sound and no event, and does not shift the next one's start."""
    player = Player(now=0.0, start_latency=LATENCY)
    player.append(b"\x01", event_id="u1", now=0.0)
    player.seal(now=0.0)
    player.append(tone(0.1), event_id="u2", now=0.1)

    assert runs(player.play(now=0.4))[0] == (0, 0.3)
    assert names(player.take_events()) == ["talking", "Started"]


def test_listening_is_skipped_when_the_avatar_talks() -> None:
    """The pose follows the client only between utterances."""
    player = Player(now=0.0, start_latency=LATENCY)
    player.start_listening(now=0.0)
    player.append(tone(0.5), event_id="u1", now=0.0)
    player.seal(now=0.0)
    player.start_listening(now=0.4)
    player.stop_listening(now=0.5)
    player.play(now=1.0)
    player.stop_listening(now=1.0)

    assert names(player.take_events()) == ["listening", "talking", "Started", "Ended", "idle"]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that is done to a player, `after` samples' time after the step before."""

    after: int
    kind: Literal["append", "seal", "clear", "start_listening", "stop_listening", "play"]
    size: int


def script(*kinds: str) -> st.SearchStrategy[list[Step]]:
    """Random steps of these kinds; instants are multiples of 1/64 s, which floats hold exactly."""
    step = st.builds(Step, st.integers(0, 20), st.sampled_from(kinds), st.integers(1, 20_000))
    return st.lists(step, min_size=1, max_size=25)


EVERYTHING = script("append", "append", "append", "seal", "seal", "clear", "start_listening", "stop_listening", "play")
UNINTERRUPTED = script("append", "append", "append", "seal")


@dataclass(slots=True)
class Outcome:
    """What came of a script."""

    player: Player
    heard: bytes
    events: list[PlayerEvent]


def perform(steps: list[Step], *, ticks_between: int = 0) -> Outcome:
    """Do the steps, playing in between, then wait until all must have been played."""
    player = Player(now=0.0, start_latency=1 / 16)
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
                getattr(player, kind)(now=now)
        events += player.take_events()
    return Outcome(player, heard, events)


@settings(deadline=None)
@given(UNINTERRUPTED)
def test_all_is_heard_when_nobody_interrupts(steps: list[Step]) -> None:
    """Every byte is heard once, in order, in real time: playback is as long as the clock says."""
    outcome = perform(steps)
    total = sum(step.size for step in steps if step.kind == "append")

    assert sum(samples(outcome.heard)) == total
    assert len(outcome.heard) // 2 == sum(step.after for step in steps) * RATE_HZ // 64 + SETTLE_SECONDS * RATE_HZ
    assert all(u.ended and u.heard_samples * 2 == u.received_bytes for u in outcome.player.utterances)


@settings(deadline=None)
@given(UNINTERRUPTED)
def test_underrun_is_the_silence_within_utterances(steps: list[Step]) -> None:
    """The under-run seconds are what a listener would measure."""
    outcome = perform(steps)
    heard = np.frombuffer(outcome.heard, dtype="<i2")
    for utterance in outcome.player.utterances:
        first = round((utterance.started_at or 0.0) * RATE_HZ)
        spoken = np.flatnonzero(heard[first:])[: utterance.heard_samples]
        assert utterance.underrun_samples == spoken[-1] + 1 - utterance.heard_samples


@settings(deadline=None)
@given(EVERYTHING)
def test_outcome_does_not_depend_on_how_often_it_is_played(steps: list[Step]) -> None:
    """A slow and a fast loop give the same utterances and the same events in the same order."""
    slow, fast = perform(steps), perform(steps, ticks_between=7)

    assert names(slow.events) == names(fast.events)
    assert [(u.started_at, u.underrun_samples, u.ended) for u in slow.player.utterances] == [
        (u.started_at, u.underrun_samples, u.ended) for u in fast.player.utterances
    ]


@settings(deadline=None)
@given(EVERYTHING)
def test_events_are_well_formed(steps: list[Step]) -> None:
    """States follow one from another; what starts ends once, by itself or cut; only open utterances starve."""
    outcome = perform(steps)
    changes = [event for event in outcome.events if isinstance(event, StateChanged)]
    fates = [event for event in outcome.events if isinstance(event, Ended | Interrupted)]
    starts = [event.utterance.number for event in outcome.events if isinstance(event, Started)]

    assert all(before.new == after.previous != after.new for before, after in pairwise(changes))
    assert starts == [event.utterance.number for event in fates] == sorted(set(starts))
    assert all(u.ended != u.interrupted for u in outcome.player.utterances)
    assert {event.utterance.number for event in outcome.events if isinstance(event, Starved)} <= set(starts)


@settings(deadline=None)
@given(EVERYTHING, st.floats(0.0, 0.5))
def test_heard_is_never_more_than_received_when_cut(steps: list[Step], unsent: float) -> None:
    """Whatever is cut and taken back, 0 <= heard <= received."""
    player = perform(steps).player
    player.append(tone(1.0), event_id="last", now=40.0)
    player.play(now=40.25)
    player.clear(now=40.5, unsent=unsent)

    assert all(0 <= u.heard_samples * 2 <= u.received_bytes for u in player.utterances)


def test_news_come_when_they_are_heard() -> None:
    """With a delay to the listener, the start and the end are told that much later, and the truth stays the same."""
    player = Player(now=0.0, start_latency=LATENCY, news_delay=0.1)
    player.append(tone(1.0), event_id="a", now=0.0)
    player.seal(now=0.0)
    player.play(now=LATENCY + 0.05)
    assert player.take_events() == []

    player.play(now=LATENCY + 0.1)
    assert names(player.take_events()) == ["talking", "Started"]

    player.play(now=LATENCY + 1.1)
    assert names(player.take_events()) == ["Ended", "idle"]


def test_what_nobody_heard_is_not_told_when_it_was_cut() -> None:
    """A speech that is cut before its start was told has neither begun nor been interrupted."""
    player = Player(now=0.0, start_latency=LATENCY, news_delay=0.1)
    player.append(tone(1.0), event_id="a", now=0.0)
    player.play(now=LATENCY + 0.05)
    player.clear(now=LATENCY + 0.05, unsent=0.05)

    assert player.take_events() == []
    assert player.state == "idle"
    assert player.utterances[0].heard_samples == 0
