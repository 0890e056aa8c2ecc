"""A waterfall of a recorded call: how long each step took. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from agent.doctor.recorded import AUDIBLE, JOINED, LEFT, RecordedCall, Utterance
from agent.doctor.rest_assumptions import START, STOP, TOKEN

_COLUMNS = 40


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the call, in seconds of the recording; `ended_at` is None if its end was not seen."""

    name: str
    began_at: float
    ended_at: float | None


def steps(call: RecordedCall) -> list[Step]:
    """Return the steps of a call in the order of their beginnings."""
    found = [*_opening(call), *_speaking(call), *_ending(call)]
    return sorted(found, key=lambda step: step.began_at)


def draw(steps: list[Step]) -> list[str]:
    """Draw a line for each step: its beginning, its duration and a bar on the call's time line."""
    if not steps:
        return []
    zero = min(step.began_at for step in steps)
    span = max(max(step.ended_at or 0.0, step.began_at) for step in steps) - zero or 1.0
    width = max(len(step.name) for step in steps)
    return [f"{_times(step, zero)}  {step.name:<{width}}  {_bar(step, zero, span)}".rstrip() for step in steps]


def _opening(call: RecordedCall) -> Iterator[Step]:
    for name, path in (("session token", TOKEN), ("session start", START)):
        sent_at = call.sent_at(path)
        if sent_at is not None:
            yield Step(name, sent_at, call.replied_at(path))
    started_at = call.replied_at(START)
    if started_at is None:
        return
    if call.opened:
        yield Step("WebSocket", started_at, call.opened[0].opened_at)
        yield Step("connected", call.opened[0].opened_at, call.opened[0].connected_at)
    yield Step("avatar joins", started_at, call.noted_at(JOINED))


def _speaking(call: RecordedCall) -> Iterator[Step]:
    for number, utterance in enumerate(call.utterances, start=1):
        audible_at = call.noted_at(AUDIBLE, after=utterance.sent_at)
        yield Step(f"speech {number}: sent to heard", utterance.sent_at, audible_at)
        if audible_at is not None:
            yield Step(f"speech {number}: heard", audible_at, call.silent_at(audible_at))
        yield from _interrupting(call, number, utterance)


def _interrupting(call: RecordedCall, number: int, utterance: Utterance) -> Iterator[Step]:
    if utterance.interrupt is None:
        return
    at = utterance.interrupt.at
    cleared = (each.at for each in utterance.socket.received if each.tells_cleared and each.at >= at)
    yield Step(f"speech {number}: interrupt to acknowledgement", at, next(cleared, None))
    yield Step(f"speech {number}: interrupt to silence", at, call.silent_at(at))


def _ending(call: RecordedCall) -> Iterator[Step]:
    stopped_at = call.sent_at(STOP)
    if stopped_at is not None:
        yield Step("session stop", stopped_at, call.replied_at(STOP))
        yield Step("avatar leaves", stopped_at, call.noted_at(LEFT))


def _times(step: Step, zero: float) -> str:
    took = "not seen" if step.ended_at is None else f"{max(0.0, step.ended_at - step.began_at):6.2f} s"
    return f"{step.began_at - zero:7.2f}  {took:>8}"


def _bar(step: Step, zero: float, span: float) -> str:
    if step.ended_at is None:
        return ""
    begin = round((step.began_at - zero) / span * _COLUMNS)
    length = max(1, round((step.ended_at - step.began_at) / span * _COLUMNS))
    return " " * begin + "█" * length
