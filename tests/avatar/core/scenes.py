"""Worlds for the tests of a call, and checks on them."""

import json
from typing import Any

import pytest

from avatar.core import (
    AvatarMachine,
    PlaybackFinished,
    Sink,
    SinkChanged,
    Speak,
)
from simulators.liveavatar.model import DIALECTS, FULL, Dialect, Habits
from tests.avatar.core.fallback_model import BYTES_PER_SECOND
from tests.avatar.core.world import World

EVERY_DIALECT = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS.keys())

# Seconds that an avatar is still heard after its socket is lost; then it is muted for the fallback track.
MUTED_AFTER = 0.85


def ready(dialect: Dialect = FULL, *, wire: float = 0.0, **options: Any) -> World:
    """Return a world whose avatar takes commands, and begins to speak after 0.2 s."""
    habits = options.pop("habits", {})
    made = Habits.fast(dialect=dialect, speech_starts_after=0.2, first_speech_starts_after=0.2, **habits)
    world = World(habits=made, wire=wire, **options)
    world.run_until(lambda: world.is_live)
    return world


def seen(**habits: Any) -> World:
    """Return a world whose service behaves as observed, except for the given habits."""
    return World(habits=Habits(**habits))


def positions(world: World) -> list[float]:
    """Return the positions of the interrupted segments."""
    return [event.position for event in world.finished if event.interrupted]


def chunks(world: World) -> list[bytes]:
    """Return the audio that was sent, chunk by chunk."""
    return [sent.command.audio for sent in world.sent if isinstance(sent.command, Speak)]


def sinks(world: World) -> list[Sink]:
    """Return the sinks that got the floor, in order."""
    return [event.sink for event in world.events if isinstance(event, SinkChanged)]


def whole(*positions: float) -> list[PlaybackFinished]:
    """Return the events of segments that were played to their ends."""
    return [PlaybackFinished(number, position, interrupted=False) for number, position in enumerate(positions, 1)]


def assert_said(heard: bytes, captured: bytes, *, twice: float = 0.0) -> None:
    """Check that all speech was heard once, except for `twice` seconds; a cut may move a sample or two."""
    assert len(heard) == pytest.approx(len(captured) + twice * BYTES_PER_SECOND, abs=8)
    half = BYTES_PER_SECOND // 2
    assert (heard[:half], heard[-half:]) == (captured[:half], captured[-half:])


def bare() -> AvatarMachine:
    """Return a machine with one ready session, driven by hand."""
    machine = AvatarMachine("t", 0.0)
    machine.session_started(1, "s", None, 0.0)
    machine.socket_opened(1, 0.0)
    machine.receive_text(1, json.dumps({"type": "session.state_updated", "state": "connected"}), 0.0)
    return machine


def pull(machine: AvatarMachine, now: float) -> list[type]:
    """Return the types of the commands for session 1."""
    kinds = []
    while (command := machine.next_command(1, now)) is not None:
        kinds.append(type(command))
    return kinds


def finished_segments(machine: AvatarMachine) -> list[int]:
    """Return the segments that are finished."""
    numbers = []
    while (event := machine.next_event()) is not None:
        if isinstance(event, PlaybackFinished):
            numbers.append(event.segment)
    return numbers
