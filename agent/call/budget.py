"""What the avatar may cost: when a call has had its minutes, when the avatar has to go, and when nobody would miss it.

Pure: nothing here waits, reads a clock or does I/O. `now` is monotonic seconds. The shell feeds it, carries out
`decisions`, and calls `handle_timeout` at `next_timeout` with fresh measurements.
"""

from dataclasses import dataclass
from math import inf

TICK = 1.0
# Seconds from one measurement to the next: how late a limit may be noticed.

_LAST_PAUSE = 10.0
# Seconds left of the day in which the avatar leaves at a pause; when nothing is left it leaves in mid-word.

_ESCROW = 1.0
# Credits that the service sets aside when a session starts, and gives back if it does not ("Credits").

_DAY_IS_USED = "the minutes of the day are used up"
_CREDITS_ARE_LOW = "the account's credits are low"
_NOBODY_SPEAKS = "nobody speaks"


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be used.

    Attributes:
        call: Seconds of the avatar in one call.
        day: Seconds of the avatar in one day, in all calls.
        credits: The balance of the account below which the avatar is not used.
        idle: Seconds without a word after which the avatar is let go of.
        warning: Seconds before a call's end at which it is announced.
        goes_on: Whether a call goes on by voice when the avatar has to go; else it ends.
    """

    call: float = inf
    day: float = inf
    credits: float = -inf
    idle: float = inf
    warning: float = 30.0
    goes_on: bool = True

    def used_up(self, day: float, credits_left: float | None, *, to_begin: bool = False) -> str | None:
        """What is used up, in words for people; None if the avatar may be used.

        Args:
            day: Seconds used today.
            credits_left: None if that is not known, which is no reason to be without a face.
            to_begin: Whether the avatar is still to begin: for that, a little more has to be left.
        """
        if self.day - day <= (_LAST_PAUSE if to_begin else 0.0):
            return _DAY_IS_USED
        if credits_left is not None and credits_left < self.credits + (_ESCROW if to_begin else 0.0):
            return _CREDITS_ARE_LOW
        return None


@dataclass(frozen=True, slots=True)
class Release:
    """Let go of the avatar, and go on by voice."""

    reason: str


@dataclass(frozen=True, slots=True)
class Engage:
    """Take the avatar up again."""


@dataclass(frozen=True, slots=True)
class Warn:
    """Announce that the call ends in so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class End:
    """Say goodbye and end the call. Nothing is decided after it."""

    reason: str = "the minutes of the call are used up"


Decision = Release | Engage | Warn | End


class Budget:
    """Decides for one call, whose avatar is there at first.

    A warning is a promise: from then on the call ends when it was said to, whatever becomes of the avatar.

    Args:
        limits: What may be used.
        now: Monotonic seconds.
    """

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._call = 0.0
        self._day = 0.0
        self._credits_left: float | None = None
        self._quiet_since: float | None = now
        self._is_engaged = True
        self._tick_at = now
        self._ends_at: float | None = None
        self._has_ended = False
        self._decisions: list[Decision] = []

    def measure(self, *, call: float, day: float, credits_left: float | None) -> None:
        """What was used by now, in seconds of the avatar, and what is left; it counts at the next `handle_timeout`."""
        self._call, self._day, self._credits_left = call, day, credits_left

    def hear(self, now: float, *, speech: bool) -> None:
        """Somebody speaks, or is about to, or nobody does."""
        if speech:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = now
        self._decide(now)

    def next_timeout(self) -> float | None:
        """When `handle_timeout` is to be called; None after the end."""
        if self._has_ended:
            return None
        instants = (self._tick_at, self._idle_at() if self._is_engaged else None, self._ends_at)
        return min(at for at in instants if at is not None)

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        self._tick_at = now + TICK
        self._decide(now)

    def decisions(self) -> list[Decision]:
        """What was decided since the last call."""
        decisions, self._decisions = self._decisions, []
        return decisions

    def _decide(self, now: float) -> None:
        self._decide_end(now)
        if not self._has_ended:
            self._decide_avatar(now)

    def _decide_end(self, now: float) -> None:
        if self._has_ended:
            return
        left = max(0.0, self._limits.call - self._call)
        if self._ends_at is None and left <= self._limits.warning:
            self._ends_at = now + left
            self._decisions.append(Warn(left))
        if self._ends_at is not None and (now >= self._ends_at or not left):
            self._has_ended = True
            self._decisions.append(End())

    def _decide_avatar(self, now: float) -> None:
        idle_at = self._idle_at()
        is_idle = idle_at is not None and now >= idle_at
        refusal = self._limits.used_up(self._day, self._credits_left, to_begin=True)
        if not self._is_engaged:
            if not is_idle and refusal is None:
                self._is_engaged = True
                self._decisions.append(Engage())
        elif reason := self._reason_to_release(refusal, is_idle=is_idle):
            self._is_engaged = False
            self._has_ended = not self._limits.goes_on
            self._decisions.append(End(reason) if self._has_ended else Release(reason))

    def _reason_to_release(self, refusal: str | None, *, is_idle: bool) -> str | None:
        if self._quiet_since is None:
            return self._limits.used_up(self._day, self._credits_left)
        return refusal or (_NOBODY_SPEAKS if is_idle else None)

    def _idle_at(self) -> float | None:
        return None if self._quiet_since is None else self._quiet_since + self._limits.idle
