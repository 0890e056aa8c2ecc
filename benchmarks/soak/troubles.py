"""The faults of a pair of calls, by seed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from random import Random

_MOST = 3

_REFUSALS: list[dict[str, Any]] = [
    {"kind": "status", "at": "token", "status": 503},
    {"kind": "status", "at": "token", "status": 401},
    {"kind": "status", "at": "token", "status": 429, "headers": {"Retry-After": "1"}},
    {"kind": "status", "at": "start", "status": 500},
    {"kind": "hang", "at": "start"},
    {"kind": "lose_reply", "at": "start"},
    {"kind": "truncate", "at": "start"},
    {"kind": "omit", "at": "start", "fields": ["data.ws_url"]},
    {"kind": "status", "at": "stop", "status": 500},
    {"kind": "cut", "at": "stop"},
    {"kind": "status", "at": "websocket", "status": 503, "times": 2},
    {"kind": "status", "at": "websocket", "status": 404},
]

_LOSSES: list[dict[str, Any]] = [
    {"kind": "drop"},
    {"kind": "close", "code": 1011},
    {"kind": "half_open"},
    {"kind": "silent"},
    {"kind": "garbage", "form": "huge"},
    {"kind": "garbage", "form": "binary"},
    {"kind": "mute"},
    {"kind": "deaf"},
    {"kind": "end"},
    {"kind": "error"},
    {"kind": "unknown_event"},
    {"kind": "leaves"},
    {"kind": "frozen"},
]

_WHOLE: list[dict[str, Any]] = [
    {"kind": "unready", "seconds": 1},
    {"kind": "lag", "seconds": 0.3},
    {"kind": "duplicate", "at": "sent", "times": None, "probability": 0.2},
]

_MOMENTS = ("connected", "speak", "speaking", "interrupt")


def troubles(random: Random) -> list[dict[str, Any]]:
    """Choose up to three faults of LiveAvatar, in the stand-in's format."""
    return [_trouble(random) for _ in range(random.randint(0, _MOST))]


def _trouble(random: Random) -> dict[str, Any]:
    family = random.choice((_REFUSALS, _LOSSES, _WHOLE))
    fault = {"vendor": "liveavatar", **random.choice(family)}
    if family is _LOSSES:
        fault |= {"at": random.choice(_MOMENTS), "nth": random.randint(1, 3), "after": random.uniform(0, 1)}
    return fault
