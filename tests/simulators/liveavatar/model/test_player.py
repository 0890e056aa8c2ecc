"""The playback core: the sound and its times, for every order of commands."""

from __future__ import annotations

from simulators.liveavatar.model import RATE_HZ, Habits
from simulators.liveavatar.model.player import (
    Player,
)
from tests.simulators.liveavatar.model.player_speech import (
    LATENCY,
    names,
    playing,
    runs,
    samples,
    tone,
)


def test_play_starts_after_the_latency_when_audio_comes_into_silence() -> None:
    """The first sample is heard one latency after it came, the last one is followed by silence."""
    player = playing(now=10.0)
    player.append(tone(0.6), event_id="u1", now=11.0)
    player.seal(now=11.0)

    assert runs(player.play(now=12.0)) == [(0, 1.2), (1, 0.6), (0, 0.2)]
    assert player.utterances[0].started_at == 1.2
    assert names(player.take_events(now=12.0)) == ["talking", "Started", "Ended", "idle"]


def test_play_has_no_gap_when_utterances_are_queued_in_a_row() -> None:
    """Two utterances have two starts and two ends, but the avatar does not idle between them."""
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
    """A late seal is not an under-run: no audio was missing."""
    player = playing()
    player.append(tone(0.5), event_id="u1", now=0.0)
    player.play(now=1.0)
    player.seal(now=1.5)
    player.play(now=1.54)

    assert names(player.take_events(now=1.54)) == ["talking", "Started", "Starved", "idle", "Ended"]
    assert player.utterances[0].underrun_seconds == 0.0


def test_clear_silences_at_once_when_the_avatar_talks() -> None:
    """Exactly the played part of an interrupted utterance counts as heard, and nothing follows."""
    player = playing()
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.append(tone(5.0), event_id="u1", now=0.0)
    assert runs(player.play(now=1.2)) == [(0, 0.2), (1, 1.0)]
    player.clear(None, now=1.2)

    assert runs(player.play(now=3.0)) == [(0, 1.8)]
    assert player.utterances[0].heard_samples == RATE_HZ
    assert player.utterances[0].interrupted
    assert names(player.take_events(now=3.0)) == ["talking", "Started", "Cleared", "Interrupted", "idle"]


def test_tail_of_an_interrupted_utterance_is_heard() -> None:
    """The sound continues for a moment after the acknowledgement, and this tail counts as heard."""
    player = playing(interrupt_tail=0.4, interrupt_acknowledged_after=0.188)
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.clear("i1", now=1.2)
    player.advance(1.3)
    assert names(player.take_events(now=1.3)) == ["talking", "Started"]

    assert runs(player.play(now=3.0)) == [(0, 0.2), (1, 1.4), (0, 1.4)]
    assert names(player.take_events(now=1.388)) == ["Cleared", "Interrupted", "idle"]
    assert player.utterances[0].heard_samples == round(1.4 * RATE_HZ)


def test_next_utterance_waits_for_the_tail() -> None:
    """Two utterances are never heard at once."""
    player = playing(interrupt_tail=0.4)
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.clear("i1", now=1.0)
    player.append(tone(0.5, 2), event_id="u2", now=1.0)

    assert runs(player.play(now=2.0)) == [(0, 0.2), (1, 1.2), (2, 0.5), (0, 0.1)]


def test_clear_of_a_queue_keeps_the_tail_of_the_first_utterance() -> None:
    """Speech that has not begun is dropped, however long the tail of the first."""
    player = playing(interrupt_tail=0.4)
    for value in (1, 2):
        player.append(tone(0.5, value), event_id=f"u{value}", now=0.0)
        player.seal(now=0.0)
    player.clear("i1", now=0.5)

    assert runs(player.play(now=2.0)) == [(0, 0.2), (1, 0.5), (0, 1.3)]
    assert [utterance.interrupted for utterance in player.utterances] == [True, True]


def test_pose_is_skipped_until_an_interrupt_is_acknowledged() -> None:
    """Until the acknowledgement the avatar counts as talking."""
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


def test_nothing_is_played_before_the_avatar_is_in_its_room() -> None:
    """Speech that arrives before the avatar has joined is played after it."""
    player = Player(Habits.fast(), now=0.0)
    player.append(tone(0.5), event_id="u1", now=0.0)
    assert player.next_at() is None

    player.release(now=1.0)
    assert runs(player.play(now=2.0)) == [(1, 0.5), (0, 0.5)]


def test_first_speech_of_a_session_is_cold() -> None:
    """The first sound of a session is late, even after interrupts; that of later utterances is not."""
    player = playing(first_speech_starts_after=3.0)
    player.append(tone(1.0), event_id="u1", now=1.0)
    player.clear("i1", now=2.0)
    player.append(tone(1.0), event_id="u2", now=2.5)
    player.seal(now=2.5)
    player.append(tone(1.0), event_id="u3", now=9.0)
    player.advance(20.0)

    assert [utterance.started_at for utterance in player.utterances] == [None, 4.0, 9.2]


def test_lead_is_played_ahead_and_reported_on_time() -> None:
    """A room gets its sound early; the events come when it is heard."""
    player = playing(lead=0.1)
    player.append(tone(1.0), event_id="a", now=0.0)
    player.seal(now=0.0)
    assert runs(player.play(now=LATENCY + 0.05)) == [(0, 0.2), (1, 0.15)]
    assert names(player.take_events(now=LATENCY - 0.01)) == []

    assert names(player.take_events(now=LATENCY + 0.05)) == ["talking", "Started"]
    player.advance(LATENCY + 1.05)
    assert names(player.take_events(now=LATENCY + 0.9)) == []
    assert names(player.take_events(now=LATENCY + 1.0)) == ["Ended", "idle"]


def test_limit_cuts_current_and_later_utterances() -> None:
    """A moment of each utterance is heard, and each ends as if that were all, however much audio comes."""
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


def test_short_chunks_alone_are_played_only_when_sealed() -> None:
    """Chunks of 20 ms were observed to wait for the end of their utterance."""
    player = playing(shortest_chunk=0.025)
    for number in range(10):
        player.append(tone(0.02), event_id="u1", now=number * 0.02)
    assert not any(player.play(now=3.0))

    player.seal(now=3.0)
    assert runs(player.play(now=4.0)) == [(1, 0.2), (0, 0.8)]


def test_stop_is_not_reported() -> None:
    """A session that falls mute sends no event for the speech that it cuts."""
    player = playing()
    player.append(tone(5.0), event_id="u1", now=0.0)
    player.advance(1.0)
    player.take_events(now=1.0)
    player.stop(now=1.0)

    assert not any(player.play(now=3.0)[RATE_HZ * 2 :])
    assert player.take_events(now=3.0) == []
    assert player.state == "idle"
