"""How fast speech reaches the service, judged by its acknowledgements of chunks."""

from collections import deque
from math import inf


class Uplink:
    """The chunks of one utterance on their way to the service.

    A service that acknowledges chunks does so for each, in their order (`agent.audio_buffer_appended`, field
    observation 42). Of one that does not, nothing is known.
    """

    def __init__(self) -> None:
        # Seconds of speech for each second on the way, by the last acknowledged chunk; 0 if none was.
        self.rate = 0.0
        # When each unacknowledged chunk was sent, and its seconds of speech.
        self._on_the_way: deque[tuple[float, float]] = deque()

    def sent(self, seconds: float, now: float) -> None:
        """Note that a chunk was sent."""
        self._on_the_way.append((now, seconds))

    def acknowledged(self, now: float) -> None:
        """Note that the oldest chunk on the way has arrived."""
        if self._on_the_way:
            sent_at, seconds = self._on_the_way.popleft()
            self.rate = seconds / (now - sent_at) if now > sent_at else inf
