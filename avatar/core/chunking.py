"""How much speech goes into one `agent.speak`, and when."""

from dataclasses import dataclass

# The service refuses a packet above 1 MB (LITE mode, "Events"); 10 s are 640 kB in base64.
_LARGEST_CHUNK = 10.0


@dataclass(frozen=True, slots=True)
class Chunking:
    """Sizes of chunks in seconds, and their pace: small at first for an early start, and never far ahead of playback.

    A chunk is due when it is large enough, when the sink would otherwise run dry, or when nothing follows it. An
    interrupt has to wait on the wire for the chunks before it. At 1 Mbit/s 0.4 s of speech (26 kB in base64) take
    0.21 s; the next chunk follows no sooner than that, so an interrupt never waits for more than one chunk.

    Raises:
        ValueError: A size is not positive or above 10 s, or the sizes are out of order.
    """

    # First chunk of a segment: as the service's own SDK sends it.
    first: float = 0.4
    # Largest chunk. 0.125 to 1 s are used in production (field observation 47).
    largest: float = 0.4
    # Smallest chunk but the last: the service was seen to play nothing while it got 20 ms chunks (observation 47).
    smallest: float = 0.1
    # How long before the sink runs dry the next chunk leaves: a round trip and some jitter.
    lead: float = 0.25

    # After a chunk the next one waits for this share of its length: speech is sent at most 1.7 times as fast as it is
    # spoken.
    pace: float = 0.6
    # How far ahead of playback speech is sent: more than a network stalls, and little to take back.
    ahead: float = 4.0

    # How much speech a start should carry without a gap, if speech is made more slowly than it is spoken.
    foresight: float = 10.0
    # No start waits for more speech than this: text to speech at half the speed of speech can't be waited for.
    longest_wait: float = 1.5

    def __post_init__(self) -> None:
        if not 0 < self.smallest <= self.first <= self.largest <= _LARGEST_CHUNK:
            message = f"chunk sizes must be 0 < smallest <= first <= largest <= {_LARGEST_CHUNK:.0f} s"
            raise ValueError(message)

    def to_start(self, rate: float) -> float:
        """How much speech a silent sink starts with, when speech comes at `rate` times the speed at which it is spoken.

        One wait before the start takes the place of a gap every second.
        """
        missing = self.lead + self.foresight * (1 - rate)
        return min(max(self.first, missing), max(self.first, self.longest_wait))

    def wanted(self, handed: float) -> float:
        """The size of the next chunk after `handed` seconds: it doubles what the sink has, up to the largest."""
        return min(max(handed, self.first), self.largest)

    def due_at(self, dry_at: float) -> float:
        """When a chunk of any size leaves for a sink that runs dry at `dry_at`."""
        return dry_at - self.lead
