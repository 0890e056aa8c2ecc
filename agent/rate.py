"""Rate limits: token buckets, with the time as an argument."""


class Bucket:
    """A token bucket: lets a burst through at once, then a steady rate.

    Args:
        burst: Tokens that the bucket holds; it is full at first.
        per_second: Tokens that are added each second.
    """

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._tokens = float(burst)
        self._filled_at = float("-inf")

    def take(self, now: float) -> float:
        """Take one token.

        Args:
            now: Seconds of any clock; a clock that goes back adds no tokens.

        Returns:
            0.0 if a token was taken; otherwise the seconds until there is one.
        """
        elapsed = max(0.0, now - self._filled_at)
        self._tokens = min(float(self._burst), self._tokens + elapsed * self._per_second)
        self._filled_at = max(self._filled_at, now)
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / self._per_second
        self._tokens -= 1.0
        return 0.0


class Buckets:
    """A bucket for each of the most recently used keys.

    Args:
        burst: See `Bucket`.
        per_second: See `Bucket`.
        most: How many keys are remembered; beyond it, the least recently used one is forgotten.
    """

    def __init__(self, burst: int, per_second: float, most: int) -> None:
        self._burst = burst
        self._per_second = per_second
        self._most = most
        self._buckets: dict[str, Bucket] = {}  # in the order of use

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, now: float) -> float:
        """Take a token from the key's bucket; see `Bucket.take`."""
        bucket = self._buckets.pop(key, None) or Bucket(self._burst, self._per_second)
        self._buckets[key] = bucket
        if len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(now)
