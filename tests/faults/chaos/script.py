"""A call by seed: what is said and interrupted, in which dialect, and what goes wrong."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from simulators.liveavatar import DIALECTS, Habits, Options

Action = Literal["pause", "resume", "barge_in"]

LAG = 0.3

REFUSALS: list[dict[str, Any]] = [
    *({"kind": "status", "at": "token", "status": status} for status in (401, 429, 500, 503)),
    *({"kind": "status", "at": "start", "status": status} for status in (403, 500, 503)),
    *({"kind": "status", "at": "stop", "status": status} for status in (429, 500, 502)),  # 404: already ended
    *({"kind": "status", "at": "websocket", "status": status} for status in (404, 429, 503)),
    *({"kind": "slow", "at": at, "seconds": 0.3} for at in ("token", "start", "stop", "websocket")),
    *({"kind": "cut", "at": at} for at in ("token", "start", "stop", "websocket")),
    *({"kind": kind, "at": at} for kind in ("hang", "lose_reply", "hold_reply") for at in ("token", "start", "stop")),
    *({"kind": "truncate", "at": at} for at in ("token", "start", "stop")),
    {"kind": "omit", "at": "token", "fields": ["data.session_id"]},
    {"kind": "omit", "at": "start", "fields": ["data.ws_url"]},
    {"kind": "omit", "at": "start", "fields": ["data.session_id", "data.max_session_duration"]},
    {"kind": "unready"},
    {"kind": "unready", "seconds": 0.5},
]

SOCKETS: list[dict[str, Any]] = [
    {"kind": "drop"},
    {"kind": "close", "code": 1000},
    {"kind": "close", "code": 1011},
    {"kind": "half_open"},
    {"kind": "silent"},
    {"kind": "lag", "seconds": LAG},
    {"kind": "slow_reader", "bytes_per_second": 30_000},
    *({"kind": "garbage", "form": form} for form in ("text", "array", "binary", "huge", "deep")),
    {"kind": "duplicate"},
    {"kind": "swap"},
]

SESSIONS: list[dict[str, Any]] = [
    {"kind": "mute"},
    {"kind": "deaf"},
    {"kind": "end"},
    {"kind": "end", "reason": "NO_CREDITS"},
    {"kind": "error"},
    {"kind": "warning"},
    {"kind": "unknown_event"},
    {"kind": "foreign_event"},
]

MOMENTS = ("opening", "connected", "speak", "speak_end", "interrupt", "speaking")


@dataclass(frozen=True, slots=True)
class Speech:
    """A segment.

    Attributes:
        seconds: its duration.
        speed: at which it is captured, in multiples of real time.
        steps: its actions, each with the seconds after the previous one.
        is_awaited: the next segment is captured only when this one is over.
    """

    seconds: float
    speed: float
    steps: tuple[tuple[float, Action], ...]
    is_awaited: bool


@dataclass(frozen=True, slots=True)
class Script:
    """A call.

    Attributes:
        seed: the seed of the script.
        options: options of the stand-in.
        faults: faults that are armed.
        speeches: the segments.
        is_required: the call does not begin without an avatar.
    """

    seed: int
    options: Options
    faults: list[dict[str, Any]]
    speeches: list[Speech]
    is_required: bool


def script(seed: int) -> Script:
    """Return a script that depends only on the seed."""
    random = Random(seed)  # noqa: S311 - to be repeatable, not secret
    dialect, delay = random.choice(list(DIALECTS.values())), random.choice((0.0, 0.2))
    habits = Habits.fast(
        dialect=dialect,
        ready_after=delay,
        connected_after=delay,
        speech_starts_after=random.choice((0.05, 0.2)),
        keeps_queue=random.random() < 0.5,
    )
    return Script(
        seed=seed,
        options=Options(habits=habits),
        faults=[_fault(random) for _ in range(random.randint(0, 3))],
        speeches=[_speech(random) for _ in range(random.randint(2, 4))],
        is_required=random.random() < 0.2,
    )


def _speech(random: Random) -> Speech:
    seconds = random.uniform(0.3, 1.5)
    steps: list[tuple[float, Action]] = []
    if random.random() < 0.4:
        steps += [(random.uniform(0, seconds), "pause"), (random.uniform(0.05, 0.4), "resume")]
    if random.random() < 0.4:
        steps.append((random.uniform(0, seconds), "barge_in"))
    return Speech(seconds, random.choice((1.0, 2.0, 5.0)), tuple(steps), random.random() < 0.6)


def _fault(random: Random) -> dict[str, Any]:
    family = random.choice((REFUSALS, SOCKETS, SESSIONS))
    fault = {"vendor": "liveavatar", **random.choice(family)}
    if family is not REFUSALS:
        fault |= {"at": random.choice(MOMENTS), "nth": random.choice((1, 1, 2))}
        fault["after"] = random.choice((0.0, random.uniform(0, 0.8)))
    return fault
