"""How fast a voice makes speech."""


class Pace:
    """The speed of synthesis, over all that was made so far."""

    def __init__(self) -> None:
        self._first_at: float | None = None
        self._last_at = 0.0
        self._since_first = 0.0

    @property
    def rate(self) -> float:
        """In multiples of the speed at which speech is spoken; infinite while there is nothing to go by."""
        if self._first_at is None or self._last_at <= self._first_at:
            return float("inf")
        return self._since_first / (self._last_at - self._first_at)

    def note(self, seconds: float, now: float) -> None:
        """Speech of `seconds` was made. The first piece does not count: when its synthesis began is unknown."""
        if self._first_at is None:
            self._first_at = now
        else:
            self._since_first += seconds
        self._last_at = now
