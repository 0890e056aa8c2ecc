"""A player with speech to play, and the sound that is heard of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from simulators.liveavatar.model import RATE_HZ, Habits
from simulators.liveavatar.model.player import (
    Player,
    PlayerEvent,
    StateChanged,
)

LATENCY = 0.2
TAIL = 1 / 32
# Longer than all audio that a script can hold.
SETTLE_SECONDS = 22


def playing(*, now: float = 0.0, latency: float = LATENCY, lead: float = 0.0, **habits: float) -> Player:
    """Return a player whose avatar is in its room."""
    player = Player(Habits.fast(speech_starts_after=latency, **habits), now=now)
    player.release(now=now, lead=lead)
    return player


def tone(seconds: float, value: int = 1) -> bytes:
    """Return PCM that is nowhere silent."""
    return np.full(round(seconds * RATE_HZ), value, dtype="<i2").tobytes()


def samples(pcm: bytes) -> list[int]:
    """Return the samples in PCM."""
    return [int(sample) for sample in np.frombuffer(pcm, dtype="<i2")]


def runs(pcm: bytes) -> list[tuple[int, float]]:
    """Return the stretches that are heard, as (value, seconds) of equal samples."""
    heard = np.frombuffer(pcm, dtype="<i2")
    edges = [0, *(np.flatnonzero(np.diff(heard)) + 1).tolist(), len(heard)]
    return [(int(heard[start]), (end - start) / RATE_HZ) for start, end in pairwise(edges)]


def names(events: list[PlayerEvent]) -> list[str]:
    """Return the events' names; for a change of state the new state."""
    return [event.new if isinstance(event, StateChanged) else type(event).__name__ for event in events]
