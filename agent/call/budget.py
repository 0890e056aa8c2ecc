"""The budget of a call: when the avatar is wanted, when its minutes are used up, and when an idle call ends.

Pure: nothing here waits, reads a clock or does I/O. `now` is monotonic seconds. The enforcer passes facts to the
budget, calls `handle_timeout` after them and at `next_timeout`, and carries out `decisions`.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

# Seconds between two measurements: a limit is noticed at most this late.
TICK = 1.0

# In these last seconds of the day's minutes the avatar leaves at the first pause; at zero it leaves mid-word.
_LAST_PAUSE = 10.0

# Credits that the service reserves when a session starts; it refunds what is not used.
_ESCROW = 1.0


class Reason(StrEnum):
    """Why the avatar leaves, or the call ends."""

    DAY_IS_USED = "the minutes of the day are used up"
    CREDITS_ARE_LOW = "the account's credits are low"
    CALL_IS_USED = "the minutes of the call are used up"
    IDLE = "no caller has spoken or written for a while"
    UNSEEN = "no caller has a screen"
    NO_SLOT = "the account has no slot for another avatar"


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one call.

    Attributes:
        call: Seconds of the avatar in one call.
        day: Seconds of the avatar in one day, in all calls.
        slots: Avatars that the account can have at a time.
        credits: The balance of the account below which the avatar is not used.
        idle: Seconds without a word, a key or a text after which the avatar leaves.
        silence: Seconds without a word, a key or a text after which the call ends.
        warning: Seconds before a call's end at which the end is announced.
        goes_on: Whether a call goes on by voice when the avatar has to leave; else the call ends.
    """

    call: float = inf
    day: float = inf
    slots: float = inf
    credits: float = -inf
    idle: float = inf
    silence: float = inf
    warning: float = 30.0
    goes_on: bool = True

    def used_up(
        self, day: float, credits_left: float | None, *, slots: int = 0, to_begin: bool = False
    ) -> Reason | None:
        """Return what is used up; None if the avatar may be used.

        Args:
            day: Seconds used today.
            credits_left: The balance; None if it is not known, which does not forbid an avatar.
            slots: Slots that other calls use.
            to_begin: Whether the avatar has yet to begin, which requires a little more to be left.
        """
        if self.day - day <= (_LAST_PAUSE if to_begin else 0.0):
            return Reason.DAY_IS_USED
        if credits_left is not None and credits_left < self.credits + (_ESCROW if to_begin else 0.0):
            return Reason.CREDITS_ARE_LOW
        return Reason.NO_SLOT if to_begin and slots >= self.slots else None


@dataclass(frozen=True, slots=True)
class Release:
    """Stop the avatar's session, and go on by voice."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class Engage:
    """Bring the avatar, for the first time or again."""


@dataclass(frozen=True, slots=True)
class Warn:
    """Announce that the call ends in so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class End:
    """Say goodbye and end the call. Nothing is decided after it."""

    reason: Reason = Reason.CALL_IS_USED


Decision = Release | Engage | Warn | End


class Budget:
    """The decisions about the avatar and the end of one call.

    The avatar is wanted while a caller has a screen and uses the agent. Words, keys and texts count as use; noise and
    running tools do not. Idleness never cuts the agent off while it speaks.

    A warning is binding: from then on the call ends at the announced time, whatever happens to the avatar.

    Args:
        limits: Of the call.
        now: Monotonic seconds.
        is_engaged: Whether the avatar has been brought already.
    """

    def __init__(self, limits: Limits, now: float, *, is_engaged: bool = True) -> None:
        self._limits = limits
        self._call = 0.0
        self._day = 0.0
        self._credits_left: float | None = None
        self._slots = 0
        self._used_at = now
        self._agent_speaks = False
        self._user_speaks = False
        self._is_seen = is_engaged
        self._is_engaged = is_engaged
        self._tick_at = now
        self._ends_at: float | None = None
        self._has_ended = False
        self._decisions: list[Decision] = []

    def measure(self, *, call: float, day: float, credits_left: float | None, slots: int = 0) -> None:
        """Update the seconds of the avatar used so far, the balance, and the slots that other calls use."""
        self._call, self._day, self._credits_left, self._slots = call, day, credits_left, slots

    @property
    def is_engaged(self) -> bool:
        """True while the avatar is in the call, or on its way."""
        return self._is_engaged

    def hear(self, *, agent: bool, user: bool) -> None:
        """Update whether the agent speaks, and whether the microphone picks up a voice, with words or without."""
        self._agent_speaks, self._user_speaks = agent, user

    def use(self, now: float) -> None:
        """Note that a caller said a word, pressed a key or wrote a text."""
        self._used_at = now

    def see(self, *, seen: bool) -> None:
        """Update whether a caller has a screen."""
        self._is_seen = seen

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` is to be called; None after the end."""
        if self._has_ended:
            return None
        instants = (self._tick_at, self._ends_at, *self._idle_instants())
        return min(at for at in instants if at is not None)

    def handle_timeout(self, now: float) -> None:
        """Decide what is due."""
        self._tick_at = now + TICK
        self._decide_end(now)
        if not self._has_ended:
            self._decide_avatar(now)

    def decisions(self) -> list[Decision]:
        """Return what was decided since the last call."""
        decisions, self._decisions = self._decisions, []
        return decisions

    def _decide_end(self, now: float) -> None:
        if self._has_ended:
            return
        left = max(0.0, self._limits.call - self._call)
        if self._ends_at is None and left <= self._limits.warning:
            self._ends_at = now + left
            self._decisions.append(Warn(left))
        if self._ends_at is not None and (now >= self._ends_at or not left):
            self._end(Reason.CALL_IS_USED)
        elif not self._agent_speaks and now >= self._used_at + self._limits.silence:
            self._end(Reason.IDLE)

    def _decide_avatar(self, now: float) -> None:
        is_idle = now >= self._used_at + self._limits.idle
        # An avatar that is engaged has its own slot.
        slots = 0 if self._is_engaged else self._slots
        refusal = self._limits.used_up(self._day, self._credits_left, slots=slots, to_begin=True)
        if not self._is_engaged:
            if self._is_seen and not is_idle and refusal is None:
                self._is_engaged = True
                self._decisions.append(Engage())
        elif reason := self._reason_to_release(refusal, is_idle=is_idle):
            self._is_engaged = False
            if self._limits.goes_on:
                self._decisions.append(Release(reason))
            else:
                self._end(reason)

    def _reason_to_release(self, refusal: Reason | None, *, is_idle: bool) -> Reason | None:
        if self._agent_speaks or self._user_speaks:
            refusal = self._limits.used_up(self._day, self._credits_left)
        if refusal is not None or self._agent_speaks:
            return refusal
        if is_idle:
            return Reason.IDLE
        return None if self._is_seen else Reason.UNSEEN

    def _idle_instants(self) -> tuple[float, ...]:
        """Return when the avatar and the call will have been idle for too long, if nothing happens before."""
        if self._agent_speaks:
            return ()
        silence_at = self._used_at + self._limits.silence
        return (silence_at, self._used_at + self._limits.idle) if self._is_engaged else (silence_at,)

    def _end(self, reason: Reason) -> None:
        self._has_ended = True
        self._decisions.append(End(reason))
