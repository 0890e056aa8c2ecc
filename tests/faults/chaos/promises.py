"""The promises of every call, whatever goes wrong; and the faults under which one of them can't be kept."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from simulators.liveavatar.model import RATE_HZ

if TYPE_CHECKING:
    from collections.abc import Iterator

    from livekit.agents.voice.io import PlaybackProgressedEvent

    from tests.faults.chaos.call import Call, Segment
    from tests.faults.chaos.wire import Received

SAMPLE = 1.5 / RATE_HZ
# Seconds by which our clock and the service may differ for the same end, which is then the end of the segment.
AGREEMENT = 0.5

# Faults under which more may be reported than was heard, and why.
UNHEARD = {
    "mute": "it plays nothing and sends no event: the audio that it was playing when it fell silent counts as played",
    "half_open": "commands reach the kernel only, and no event comes back",
    "slow_reader": "sent audio is delayed for longer than speech takes",
}

# Faults under which a segment may be interrupted without an interrupt of ours, and why.
UNSAID = {"hang": "no session begins, so captured speech is reported as not heard within 20 s"}

# Faults under which commands may be sent before `connected`, and why.
UNTOLD = {"unready": "commands are taken by sessions that never say `connected` (facts 32 to 35)"}


def broken(call: Call) -> Iterator[str]:
    """Yield the promises that a call did not keep."""
    yield from _ended_once(call)
    for number, segment in enumerate(call.segments, 1):
        for what in (*_position(segment, call), *_progress(segment)):
            yield f"segment {number}: {what}"
    if not call.struck & UNHEARD.keys():
        yield from _heard(call)
    for received in call.received:
        yield from _wire(received, call)
    yield from _left(call)


# Reports


def _ended_once(call: Call) -> Iterator[str]:
    if call.surplus:
        yield f"{call.surplus} reports without a segment"
    for number, segment in enumerate(call.segments, 1):
        if len(segment.reports) != (1 if segment.captured else 0):
            yield f"segment {number} was ended {len(segment.reports)} times"


def _position(segment: Segment, call: Call) -> Iterator[str]:
    for event, _ in segment.reports:
        position = event.playback_position
        if not 0 <= position <= segment.captured + SAMPLE:
            yield f"position {position} of {segment.captured}"
        if not event.interrupted and position < segment.captured - SAMPLE:
            yield f"not interrupted, and ended at {position} of {segment.captured}"
        is_explained = segment.cut_at is not None or call.lost is not None or call.struck & UNSAID.keys()
        if event.interrupted and not is_explained:
            yield "interrupted without an interrupt of ours"


def _progress(segment: Segment) -> Iterator[str]:
    for event, runs in segment.reports:
        for before, after in itertools.pairwise(runs):
            if abs(after.offset - _end(before)) > SAMPLE:
                yield f"a run ends at {_end(before)}, the next begins at {after.offset}"
        end = _end(runs[-1]) if runs else 0.0
        if abs(end - event.playback_position) > SAMPLE * (len(runs) + 1):
            yield f"progress adds up to {end}, the position is {event.playback_position}"


def _end(run: PlaybackProgressedEvent) -> float:
    return run.offset + run.duration


# Sound


def _heard(call: Call) -> Iterator[str]:
    for number, segment in enumerate(call.segments, 1):
        for event, _ in segment.reports:
            heard = call.heard(number)
            if heard < event.playback_position - AGREEMENT - call.stalled:
                yield f"segment {number}: {event.playback_position:.2f} s were reported, {heard:.2f} s were heard"


# Commands


def _wire(received: list[Received], call: Call) -> Iterator[str]:
    for _, on_socket in itertools.groupby(received, key=lambda command: command.socket):
        commands = list(on_socket)
        if not call.struck & UNTOLD.keys():
            yield from (f"{command.kind} before connected" for command in commands if not command.was_welcome)
        yield from _ids(commands)
        for number, segment in enumerate(call.segments, 1):
            yield from _silence(commands, number, segment)


def _ids(commands: list[Received]) -> Iterator[str]:
    """Check that a speech has its own id until it is ended or interrupted."""
    over: set[str] = set()
    current: str | None = None
    segment = 0
    for command in commands:
        if command.kind in {"agent.speak", "agent.speak_end"}:
            if command.event_id in over:
                yield f"{command.kind} of {command.event_id}, which is over"
            if current not in {None, command.event_id}:
                yield f"{command.kind} of {command.event_id} within {current}"
            if command.segment and command.event_id == current and command.segment != segment:
                yield f"segments {segment} and {command.segment} in {current}"
            current, segment = command.event_id, command.segment or segment
        if command.kind in {"agent.speak_end", "agent.interrupt"} and current is not None:
            over.add(current)
            current = None


def _silence(commands: list[Received], number: int, segment: Segment) -> Iterator[str]:
    """Check that after a barge-in audio on its way and the interrupt arrive, and then nothing of the segment."""
    if segment.cut_at is None:
        return
    spoken = is_over = False
    for command in commands:
        is_late = command.at > segment.cut_at
        if command.segment == number:
            if is_late and is_over:
                yield f"segment {number} was sent after its interrupt"
            spoken = True
        elif command.kind == "agent.interrupt":
            spoken, is_over = False, is_late
        elif command.segment and is_late and spoken and _is_interrupted(segment):
            yield f"segment {number} was cut, and segment {command.segment} was sent without an interrupt"


def _is_interrupted(segment: Segment) -> bool:
    return any(event.interrupted for event, _ in segment.reports)


# Leftovers


def _left(call: Call) -> Iterator[str]:
    if call.open_sessions:
        yield f"{call.open_sessions} sessions are left open"
    yield from (f"a task is left: {task!r}" for task in call.tasks)
