"""How much speech goes into one `agent.speak`, and when."""

from dataclasses import dataclass

_LARGEST_CHUNK = 10.0
# The service refuses a packet above 1 MB (LITE mode, "Events"); 10 s are 640 kB in base64.


@dataclass(frozen=True, slots=True)
class Chunking:
    """Sizes of chunks, in seconds: small at first for an early start, then larger, and in time.

    A chunk is due when it is large enough, when the avatar would otherwise run dry, or when nothing follows it.

    Raises:
        ValueError: A size is not positive or above 10 s, or they are out of order.
    """

    first: float = 0.4
    """The first chunk of a segment: what the service's own SDK sends."""
    largest: float = 1.0
    """No chunk is larger: what the service's guide recommends."""
    smallest: float = 0.1
    """No chunk is smaller but the last: a service fed with crumbs was seen to play nothing."""
    lead: float = 0.25
    """How long before the avatar runs dry the next chunk leaves: a round trip and some jitter."""

    foresight: float = 10.0
    """How much speech a start should carry without a gap, if it comes more slowly than it is spoken."""
    longest_wait: float = 1.5
    """No start waits for more speech than that: an engine at half the speed of speech can't be waited for."""

    def __post_init__(self) -> None:
        if not 0 < self.smallest <= self.first <= self.largest <= _LARGEST_CHUNK:
            message = f"chunk sizes must be 0 < smallest <= first <= largest <= {_LARGEST_CHUNK:.0f} s"
            raise ValueError(message)

    def to_start(self, rate: float) -> float:
        """How much speech a silent avatar starts with, when it comes at `rate` times the speed at which it is spoken.

        One wait before the start takes the place of a gap every second.
        """
        missing = self.lead + self.foresight * (1 - rate)
        return min(max(self.first, missing), max(self.first, self.longest_wait))

    def wanted(self, handed: float) -> float:
        """The size of the next chunk after `handed` seconds: it doubles what the avatar has, up to the largest."""
        return min(max(handed, self.first), self.largest)

    def due_at(self, dry_at: float) -> float:
        """When a chunk of any size leaves for an avatar that runs dry at `dry_at`."""
        return dry_at - self.lead
