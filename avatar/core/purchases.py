"""When the next session may be requested: backoff, the account's slots, and a limit on the sessions paid for."""

from collections import deque
from collections.abc import Callable

from avatar.core.refusal import Refusal
from avatar.core.timings import Timings

_FINAL = {Refusal.NO_CREDITS, Refusal.UNAUTHORIZED, Refusal.INVALID, Refusal.ROOM_GONE}

# Most by which the wait for a slot that others use is multiplied.
_SLOWEST_SLOT = 5.0

# After a timeout a session may run; every other answer says that there is none.
_SURELY_NONE = set(Refusal) - {Refusal.UNREACHABLE}


class Purchases:
    """The decision when a session may be requested. Every session that is started is paid for.

    Args:
        timings: Waits and limits.
        jitter: Returns numbers from 0 to 1, so that calls which failed together do not try again together.
    """

    def __init__(self, timings: Timings, jitter: Callable[[], float]) -> None:
        # How many of this call's sessions fit into the account at once, as far as refusals have shown.
        self.slots: int | None = None
        self._timings = timings
        self._jitter = jitter
        self._not_before = float("-inf")
        self._failures = 0
        self._refusals = 0
        self._stopped_at = float("-inf")
        self._starts: deque[float] = deque(maxlen=timings.purchases)

    @property
    def allowed_at(self) -> float:
        """The earliest time at which a session may be requested, in monotonic seconds."""
        is_full = len(self._starts) == self._timings.purchases
        window_at = self._starts[0] + self._timings.purchase_window if is_full else float("-inf")
        return max(self._not_before, window_at)

    def fits(self, alive: int) -> bool:
        """Return whether a session may fit into the account in addition to this call's `alive` sessions."""
        return self.slots is None or alive < self.slots

    def asked(self, now: float) -> None:
        """Note that a session is requested."""
        self._starts.append(now)

    def cancelled(self) -> None:
        """Note that the last requested session is not started."""
        if self._starts:
            self._starts.pop()

    def started(self) -> None:
        """Note that the service has started a session."""
        self._refusals = 0

    def stopped(self, now: float) -> None:
        """Note that a session of this call was stopped: its slot becomes free after a while."""
        self._stopped_at = now

    def ended(self, lived: float, now: float, *, failed: bool) -> None:
        """Note that a session is no longer used.

        Args:
            lived: Seconds for which it ran.
            now: Monotonic seconds.
            failed: True if the session failed; False if the machine decided to leave it.
        """
        wait = self._timings.room_closes if failed else 0.0
        if lived >= self._timings.proven:
            self._failures = 0
        elif failed:
            self._failures += 1
            waits = self._timings.failures
            wait = max(wait, waits[min(self._failures, len(waits)) - 1])
        self._not_before = max(self._not_before, now + wait)

    def refused(self, refusal: Refusal, retry_after: float | None, alive: int, now: float) -> float | None:
        """Note that the service refused a session, or did not answer.

        Args:
            refusal: The reason.
            retry_after: Seconds that the service asked to wait, if it did.
            alive: How many sessions of this call run or are being stopped.
            now: Monotonic seconds.

        Returns:
            Seconds until the next attempt; None if another attempt is useless.
        """
        self._refusals += 1
        if refusal in _SURELY_NONE:
            self.cancelled()
        if refusal in _FINAL:
            return None
        if refusal is Refusal.NO_SLOT:
            wait = self._wait_for_slot(alive, now)
        elif refusal is Refusal.RATE_LIMITED:
            wait = min(retry_after or self._timings.refusals[0], self._timings.refusals[1]) + self._jitter() / 2
        else:
            first, most = self._timings.refusals
            wait = min(first * 2 ** min(self._refusals - 1, 16), most) * (0.5 + self._jitter() / 2)
        self.wait_until(now + wait)
        return wait

    def wait_until(self, at: float) -> None:
        """Allow no session before `at`."""
        self._not_before = max(self._not_before, at)

    def reset(self) -> None:
        """Forget failures and refusals: a person wants the avatar back."""
        self._failures = self._refusals = 0
        self._not_before = float("-inf")

    def _wait_for_slot(self, alive: int, now: float) -> float:
        is_ours = alive > 0 or now - self._stopped_at < self._timings.slot_frees
        if is_ours:
            self.slots = max(1, alive)
            return self._timings.own_slot * (0.8 + 0.4 * self._jitter())
        growth = min(1.5 ** min(self._refusals - 1, 16), _SLOWEST_SLOT)
        return self._timings.other_slot * growth * (0.75 + self._jitter() / 2)
