"""The machine's next deadline."""

from collections.abc import Iterable

_NEVER = float("inf")


def next_after(now: float, instants: Iterable[float | None]) -> float | None:
    """Return the first instant that is later than `now`; None if there is none. None and infinity mean never."""
    return min([at for at in instants if at is not None and now < at < _NEVER], default=None)
