"""How often something may be asked for: token buckets, for which time is an argument."""


class Bucket:
    """Lets a burst through at once, and then as much as flows in.

    Args:
        burst: What is let through at once; the bucket is full at first.
        per_second: What flows in.
    """

    def __init__(self, burst: int, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._tokens = float(burst)
        self._filled_at = float("-inf")

    def take(self, now: float) -> float:
        """Take one.

        Args:
            now: Seconds of any clock; one that goes back lets nothing flow in.

        Returns:
            0.0, or after how many seconds there will be one; then nothing is taken.
        """
        elapsed = max(0.0, now - self._filled_at)
        self._tokens = min(float(self._burst), self._tokens + elapsed * self._per_second)
        self._filled_at = max(self._filled_at, now)
        if self._tokens < 1.0:
            return (1.0 - self._tokens) / self._per_second
        self._tokens -= 1.0
        return 0.0


class Buckets:
    """A bucket for each key, of the keys that were used last.

    Args:
        burst: See `Bucket`.
        per_second: See `Bucket`.
        most: How many keys are remembered; beyond it, the one that was used longest ago is forgotten.
    """

    def __init__(self, burst: int, per_second: float, most: int) -> None:
        self._burst = burst
        self._per_second = per_second
        self._most = most
        self._buckets: dict[str, Bucket] = {}  # in the order of use

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, key: str, now: float) -> float:
        """Take one from the key's bucket; see `Bucket.take`."""
        bucket = self._buckets.pop(key, None) or Bucket(self._burst, self._per_second)
        self._buckets[key] = bucket
        if len(self._buckets) > self._most:
            del self._buckets[next(iter(self._buckets))]
        return bucket.take(now)
