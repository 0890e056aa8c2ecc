"""The playback core: what is heard, and when, for every order of commands."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.liveavatar.model import RATE_HZ, Habits
from simulators.liveavatar.model.player import (
    Ended,
    Interrupted,
    Player,
    PlayerEvent,
    Started,
    Starved,
    StateChanged,
)

LATENCY = 0.2
TAIL = 1 / 32
SETTLE_SECONDS = 22  # longer than all audio that a script can hold


def playing(*, now: float = 0.0, latency: float = LATENCY, lead: float = 0.0, **habits: float) -> Player:
    """A player whose avatar is in its room."""
    player = Player(Habits.fast(speech_starts_after=latency, **habits), now=now)
    player.release(now=now, lead=lead)
    return player


def tone(seconds: float, value: int = 1) -> bytes:
    """PCM that is nowhere silent, so that it can be told from silence."""
    return np.full(round(seconds * RATE_HZ), value, dtype="<i2").tobytes()


def samples(pcm: bytes) -> list[int]:
    """The samples in PCM."""
    return [int(sample) for sample in np.frombuffer(pcm, dtype="<i2")]


def runs(pcm: bytes) -> list[tuple[int, float]]:
    """The stretches that are heard, as (value, seconds) of equal samples."""
    heard = np.frombuffer(pcm, dtype="<i2")
    edges = [0, *(np.flatnonzero(np.diff(heard)) + 1).tolist(), len(heard)]
    return [(int(heard[start]), (end - start) / RATE_HZ) for start, end in pairwise(edges)]


def names(events: list[PlayerEvent]) -> list[str]:
    """Events by name; of a change of state the new state."""
    return [event.new if isinstance(event, StateChanged) else type(event).__name__ for event in events]


def test_play_starts_after_the_latency_when_audio_comes_into_silence() -> None:
    """The first sample is heard one latency after it came, the last one is followed by silence."""
    player = playing(now=10.0)
    player.append(tone(0.6), event_id="u1", now=11.0)
    player.seal(now=11.0)

    assert runs(player.play(now=12.0)) == [(0, 1.2), (1, 0.6), (0, 0.2)]
    assert player.utterances[0].started_at == 1.2
    assert names(player.take_events(now=12.0)) == ["talking", "Started", "Ended", "idle"]


def test_play_has_no_gap_when_utterances_are_queued_in_a_row() -> None:
    """Two utterances are two starts and two ends, but the avatar does not idle between them."""
    player = playing()
    for value in (1, 2):
        player.append(tone(0.5, value), event_id=f"u{value}", now=0.0)
        player.seal(now=0.0)

    assert runs(player.play(now=1.3)) == [(0, 0.2), (1, 0.5), (2, 0.5), (0, 0.1)]
    assert names(player.take_events(now=1.3)) == ["talking", "Started", "Ended", "Started", "Ended", "idle"]


def test_avatar_idles_and_resumes_when_audio_comes_too_late() -> None:
    """Starvation is an idle state in the middle of an utterance that starts and ends once."""
    player = playing()
    player.append(tone(0.5), event_id="u1", now=0.0)
    player.append(tone(0.5), event_id="u1", now=1.0)
    player.seal(now=1.0)

    assert runs(player.play(now=2.0)) == [(0, 0.2), (1, 0.5), (0, 0.5), (1, 0.5), (0, 0.3)]
    assert player.utterances[0].underrun_seconds == 0.5
    assert names(player.take_events(now=2.0)) == ["talking", "Started", "Starved", "idle", "talking", "Ended", "idle"]


def test_seal_ends_the_utterance_when_its_audio_was_played_before() -> None:
    """A late seal is no under-run: no audio was missing."""
    player = playing()
    player.append(tone(0.5), event_id="u1", now=0.0)
    player.play(now=1.0)
    player.seal(now=1.5)
    player.play(now=1.54)

    assert names(player.take_events(now=1.54)) == ["talking", "Started", "Starved", "idle", "Ended"]
    assert player.utterances[0].underrun_seconds == 0.0


def test_clear_silences_at_once_when_the_avatar_talks() -> None:
    """Of an interrupted utterance exactly what was played counts as heard, and nothing follows."""
    player = playing()
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.append(tone(5.0), event_id="u1", now=0.0)
    assert runs(player.play(now=1.2)) == [(0, 0.2), (1, 1.0)]
    player.clear(None, now=1.2)

    assert runs(player.play(now=3.0)) == [(0, 1.8)]
    assert player.utterances[0].heard_samples == RATE_HZ
    assert player.utterances[0].interrupted
    assert names(player.take_events(now=3.0)) == ["talking", "Started", "Cleared", "Interrupted", "idle"]


def test_tail_is_heard_when_the_avatar_is_interrupted() -> None:
    """The sound goes on for a moment, the acknowledgement comes before it has ended, and the tail counts as heard."""
    player = playing(interrupt_tail=0.4, interrupt_acknowledged_after=0.188)
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.clear("i1", now=1.2)
    player.advance(1.3)
    assert names(player.take_events(now=1.3)) == ["talking", "Started"]

    assert runs(player.play(now=3.0)) == [(0, 0.2), (1, 1.4), (0, 1.4)]
    assert names(player.take_events(now=1.388)) == ["Cleared", "Interrupted", "idle"]
    assert player.utterances[0].heard_samples == round(1.4 * RATE_HZ)


def test_next_utterance_waits_for_the_tail_when_it_is_sent_at_once() -> None:
    """Two utterances are never heard at once."""
    player = playing(interrupt_tail=0.4)
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.clear("i1", now=1.0)
    player.append(tone(0.5, 2), event_id="u2", now=1.0)

    assert runs(player.play(now=2.0)) == [(0, 0.2), (1, 1.2), (2, 0.5), (0, 0.1)]


def test_clear_of_a_queue_leaves_the_tail_of_the_first_alone() -> None:
    """Speech that has not begun is dropped, however long the tail of the first."""
    player = playing(interrupt_tail=0.4)
    for value in (1, 2):
        player.append(tone(0.5, value), event_id=f"u{value}", now=0.0)
        player.seal(now=0.0)
    player.clear("i1", now=0.5)

    assert runs(player.play(now=2.0)) == [(0, 0.2), (1, 0.5), (0, 1.3)]
    assert [utterance.interrupted for utterance in player.utterances] == [True, True]


def test_pose_is_skipped_until_an_interrupt_is_acknowledged() -> None:
    """Until then the avatar counts as talking."""
    player = playing(interrupt_acknowledged_after=0.188)
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.clear("i1", now=1.0)
    player.start_listening(now=1.1)
    player.start_listening(now=1.2)

    assert names(player.take_events(now=1.2)) == ["talking", "Started", "Cleared", "Interrupted", "idle", "listening"]


def test_clear_cuts_without_an_event_when_the_utterance_had_not_started() -> None:
    """An utterance within its latency is dropped without an event."""
    player = playing()
    player.append(tone(1.0), event_id="u1", now=0.0)

    assert [utterance.event_id for utterance in player.clear(None, now=0.1)] == ["u1"]
    assert set(samples(player.play(now=2.0))) == {0}
    assert names(player.take_events(now=2.0)) == ["Cleared"]


def test_clear_finds_nothing_when_all_was_played() -> None:
    """An utterance that was heard to its end is not interrupted afterwards."""
    player = playing()
    player.append(tone(0.5), event_id="u1", now=0.0)
    player.seal(now=0.0)

    assert player.clear(None, now=0.7) == []
    assert player.utterances[0].ended


def test_append_waits_for_the_other_half_when_a_sample_is_split() -> None:
    """Chunks may be cut between the two bytes of a sample."""
    player = playing(latency=0.0)
    pcm = tone(0.01, 515)
    player.append(pcm[:101], event_id="u1", now=0.0)
    player.append(pcm[101:], event_id="u1", now=0.0)

    assert player.play(now=0.01) == pcm


def test_utterance_ends_unheard_when_it_has_no_sample() -> None:
    """An utterance of half a sample makes no sound and no event, and does not shift the next one's start."""
    player = playing()
    player.append(b"\x01", event_id="u1", now=0.0)
    player.seal(now=0.0)
    player.append(tone(0.1), event_id="u2", now=0.1)

    assert runs(player.play(now=0.4))[0] == (0, 0.3)
    assert names(player.take_events(now=0.4)) == ["talking", "Started"]


def test_listening_is_skipped_when_the_avatar_talks() -> None:
    """The pose follows the client only between utterances."""
    player = playing()
    player.start_listening(now=0.0)
    player.append(tone(0.5), event_id="u1", now=0.0)
    player.seal(now=0.0)
    player.start_listening(now=0.4)
    player.stop_listening(now=0.5)
    player.play(now=1.0)
    player.stop_listening(now=1.0)

    assert names(player.take_events(now=1.0)) == ["listening", "talking", "Started", "Ended", "idle"]


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
    """The outcome of a script."""

    player: Player
    heard: bytes
    events: list[PlayerEvent]


def perform(steps: list[Step], *, ticks_between: int = 0) -> Outcome:
    """Do the steps, playing in between, then wait until all must have been played."""
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


@settings(deadline=None)
@given(UNINTERRUPTED)
def test_all_is_heard_when_nobody_interrupts(steps: list[Step]) -> None:
    """Every byte is heard once, in order, in real time: playback is as long as the clock says."""
    outcome = perform(steps)
    total = sum(step.size for step in steps if step.kind == "append")

    assert np.frombuffer(outcome.heard, dtype="<i2").sum(dtype=int) == total
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
@given(EVERYTHING)
def test_heard_is_never_more_than_received(steps: list[Step]) -> None:
    """Also with a tail, and what was heard of each utterance is in the sound."""
    player = perform(steps).player

    assert all(0 <= u.heard_samples * 2 <= u.received_bytes for u in player.utterances)
    assert len(player.sound.pcm) == sum(u.heard_samples * 2 for u in player.utterances)


@settings(deadline=None)
@given(EVERYTHING)
def test_spans_do_not_overlap(steps: list[Step]) -> None:
    """An avatar plays one utterance at a time."""
    spans = perform(steps).player.spans

    assert all(before[1] <= after[0] for before, after in pairwise(spans))


@settings(deadline=None)
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


def test_nothing_is_played_before_the_avatar_is_in_its_room() -> None:
    """Speech that arrives before the avatar has joined is played after it."""
    player = Player(Habits.fast(), now=0.0)
    player.append(tone(0.5), event_id="u1", now=0.0)
    assert player.next_at() is None

    player.release(now=1.0)
    assert runs(player.play(now=2.0)) == [(1, 0.5), (0, 0.5)]


def test_first_speech_of_a_session_is_cold() -> None:
    """Its first sound is late, however often it is interrupted before; later ones are not."""
    player = playing(first_speech_starts_after=3.0)
    player.append(tone(1.0), event_id="u1", now=1.0)
    player.clear("i1", now=2.0)
    player.append(tone(1.0), event_id="u2", now=2.5)
    player.seal(now=2.5)
    player.append(tone(1.0), event_id="u3", now=9.0)
    player.advance(20.0)

    assert [utterance.started_at for utterance in player.utterances] == [None, 4.0, 9.2]


def test_lead_is_played_ahead_and_told_in_time() -> None:
    """A room gets its sound early, and events come when it is heard."""
    player = playing(lead=0.1)
    player.append(tone(1.0), event_id="a", now=0.0)
    player.seal(now=0.0)
    assert runs(player.play(now=LATENCY + 0.05)) == [(0, 0.2), (1, 0.15)]
    assert names(player.take_events(now=LATENCY - 0.01)) == []

    assert names(player.take_events(now=LATENCY + 0.05)) == ["talking", "Started"]
    player.advance(LATENCY + 1.05)
    assert names(player.take_events(now=LATENCY + 0.9)) == []
    assert names(player.take_events(now=LATENCY + 1.0)) == ["Ended", "idle"]


def test_limit_cuts_what_is_said_and_what_will_be() -> None:
    """Of each utterance a moment is heard, and each ends as if that were all, however much of it comes."""
    player = playing(speech_after_limit=0.25)
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.limit(now=1.2)
    player.append(tone(5.0), event_id="u1", now=3.0)
    player.seal(now=4.0)
    player.append(tone(0.125, 2), event_id="u2", now=5.0)
    player.seal(now=5.0)

    assert runs(player.play(now=6.0)) == [(0, 0.2), (1, 1.25), (0, 3.75), (2, 0.125), (0, 0.675)]
    assert names(player.take_events(now=6.0)) == [
        *("talking", "Started", "Ended", "idle"),
        *("talking", "Started", "Ended", "idle"),
    ]
    assert player.next_at() is None


def test_short_chunks_alone_are_played_when_they_are_sealed() -> None:
    """Chunks of 20 ms were seen to wait for the end of their utterance."""
    player = playing(shortest_chunk=0.025)
    for number in range(10):
        player.append(tone(0.02), event_id="u1", now=number * 0.02)
    assert not any(player.play(now=3.0))

    player.seal(now=3.0)
    assert runs(player.play(now=4.0)) == [(1, 0.2), (0, 0.8)]


def test_stop_is_told_to_nobody() -> None:
    """A session that falls mute says nothing of what it cuts."""
    player = playing()
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.advance(1.0)
    player.take_events(now=1.0)
    player.stop(now=1.0)

    assert not any(player.play(now=3.0)[RATE_HZ * 2 :])
    assert player.take_events(now=3.0) == []
    assert player.state == "idle"
