"""One utterance: its audio, and how much of it is played."""

from __future__ import annotations

from simulators.liveavatar.model import RATE_HZ, Utterance


def test_audio_is_returned_in_order_and_counted() -> None:
    """No more is returned than there is."""
    utterance = Utterance(1, "u1")
    utterance.append(b"aabbcc")

    assert (utterance.take(2), utterance.take(9), utterance.heard_samples) == (b"aabb", b"cc", 3)
    assert not utterance.is_played
    utterance.sealed = True
    assert utterance.is_played


def test_audio_beyond_the_limit_is_not_played() -> None:
    """The audio beyond the limit counts as received, and the utterance as played."""
    utterance = Utterance(1, "u1", allowed_samples=1)
    utterance.append(b"aabb")

    assert (utterance.waiting_samples, utterance.take(9)) == (1, b"aa")
    assert utterance.is_played
    assert utterance.received_bytes == 4


def test_short_chunks_alone_are_not_playable_before_the_seal() -> None:
    """One long chunk makes the speech playable."""
    utterance = Utterance(1, "u1", shortest_chunk=2 / RATE_HZ)
    utterance.append(b"aa")
    assert not utterance.is_playable

    utterance.append(b"bbcc")
    assert utterance.is_playable


def test_interrupt_leaves_the_tail() -> None:
    """No more audio is accepted then."""
    utterance = Utterance(1, "u1")
    utterance.append(b"aabbcc")
    utterance.interrupt(1)

    assert (utterance.sealed, utterance.interrupted, utterance.waiting_samples) == (True, True, 1)


def test_silence_in_the_middle_is_an_underrun() -> None:
    """Silence before the first sample is not."""
    utterance = Utterance(1, "u1")
    utterance.resume(RATE_HZ)
    utterance.run_dry(2 * RATE_HZ)
    utterance.resume(3 * RATE_HZ)

    assert (utterance.started_at, utterance.underrun_seconds) == (1.0, 1.0)
