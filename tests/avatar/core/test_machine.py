"""The interface of the core: it takes facts, most of which cause no action."""

import json

import pytest

from avatar.core import (
    AvatarMachine,
    ServiceFault,
)
from avatar.core.chunking import Chunking
from tests.avatar.core.scenes import ready


def test_most_frames_cause_no_action() -> None:
    """A frame that makes no chunk due is only stored."""
    world = ready()
    world.say(3.0)
    world.run(2.0)
    asked = 0
    for _ in range(100):
        world.run(0.02)
        if world.machine.push_audio(world.samples(480), world.now):
            asked += 1
            world.run(0.0)

    assert asked <= 100 * 0.02 / 0.4 * 3


def test_chunk_sizes_are_checked() -> None:
    """A chunk above the service's limit raises an error, and so does half a sample."""
    with pytest.raises(ValueError, match="chunk sizes"):
        Chunking(largest=20.0)
    with pytest.raises(ValueError, match="3 bytes"):
        AvatarMachine("t", 0.0).push_audio(b"abc", 0.0)


def test_faults_of_the_service_are_reported() -> None:
    """Errors, warnings and garbage become events, and change nothing else."""
    world = ready()
    world.do("receive_text", 1, json.dumps({"type": "warning", "warning": {"type": "slow", "message": "hm"}}))
    world.do("receive_text", 1, "garbage")

    faults = [event for event in world.events if isinstance(event, ServiceFault)]
    assert faults == [ServiceFault(1, "warning/slow", "hm"), ServiceFault(1, "unreadable", "not JSON")]
    assert world.is_live
