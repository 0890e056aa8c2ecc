"""What to do when the service does not give an avatar: try again, and when, or leave it."""

from avatar.core.refusal import Refusal
from avatar.errors import AvatarError

_FIRST_WAIT = 0.5
_LONGEST_WAIT = 60.0

_SLOT_WAIT = 10.0
# Seconds between two tries for a slot: another call's end frees it, and nobody tells.


def seconds_to_wait(error: AvatarError, failures: int, jitter: float) -> float | None:
    """How long to wait before the next session is asked for.

    Args:
        error: Why there is none.
        failures: How many tries in a row have failed, this one included.
        jitter: A number from 0 to 1; calls that failed together shall not try again together.

    Returns:
        Seconds; None if trying again is of no use: the key is wrong, the avatar unknown, no credits are left, the
        room gone.
    """
    match error.refusal:
        case Refusal.RATE_LIMITED:
            return min(getattr(error, "retry_after", None) or _FIRST_WAIT, _LONGEST_WAIT) + jitter * _FIRST_WAIT
        case Refusal.NO_SLOT:
            return _SLOT_WAIT * (0.5 + jitter)
        case Refusal.NO_CREDITS | Refusal.UNAUTHORIZED | Refusal.INVALID | Refusal.ROOM_GONE:
            return None
    wait: float = min(_FIRST_WAIT * 2 ** min(failures - 1, 10), _LONGEST_WAIT)
    return wait * (0.5 + jitter / 2)
