"""How long to wait between attempts to connect."""

from collections.abc import Iterator

_FIRST = 0.25
_LARGEST = 8.0
_ATTEMPTS = 8


def reconnect_delays(jitter: Iterator[float]) -> Iterator[float]:
    """Seconds before each attempt: none, then doubled up to 8 s, half of it jittered; about half a minute in all.

    `jitter` gives numbers from 0 to 1.
    """
    yield 0.0
    for attempt in range(_ATTEMPTS - 1):
        delay = min(_FIRST * 2**attempt, _LARGEST)
        yield delay / 2 + delay / 2 * next(jitter)
