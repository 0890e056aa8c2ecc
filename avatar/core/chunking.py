"""The size and the pace of `agent.speak` chunks."""

from dataclasses import dataclass

# The service refuses a packet above 1 MB (LITE mode, "Events"); 10 s are 640 kB in base64.
_LARGEST_CHUNK = 10.0


@dataclass(frozen=True, slots=True)
class Chunking:
    """Sizes of chunks in seconds, and their pace: small at first for an early start, and never far ahead of playback.

    A chunk is due when it is large enough, when the sink would otherwise run dry, or when it is the last one. An
    interrupt has to wait on the wire for the chunks before it. At 1 Mbit/s 0.4 s of speech (26 kB in base64) take
    0.21 s; the next chunk follows no sooner than that, so an interrupt never waits for more than one chunk. Where
    acknowledgements show that a larger chunk takes no longer, it is larger, which costs fewer messages.

    Raises:
        ValueError: A size is not positive or above 10 s, or the sizes are out of order.
    """

    # First chunk of a segment: as the service's own SDK sends it.
    first: float = 0.4
    # Largest chunk if it is not known how fast speech reaches the service.
    cautious: float = 0.4
    # Largest chunk at all. 0.125 to 1 s are used in production (field observation 47).
    largest: float = 1.0
    # A chunk larger than `cautious` takes at most this long from here to its acknowledgement.
    upload: float = 0.2
    # Smallest chunk, except for the last: the service played nothing while it got 20 ms chunks (observation 47).
    smallest: float = 0.1
    # The next chunk is sent this long before the sink runs dry: a round trip and some jitter.
    lead: float = 0.25

    # After a chunk the next one waits for this share of its length: speech is sent at most 1.7 times as fast as it is
    # spoken.
    pace: float = 0.6
    # How far ahead of playback speech is sent: longer than a network stalls, but little to take back.
    ahead: float = 4.0

    # How much speech should play without a gap after a start, if speech is synthesized more slowly than it is spoken.
    foresight: float = 10.0
    # No start waits for more speech than this: a TTS at half the speed of speech would take too long.
    longest_wait: float = 1.5

    def __post_init__(self) -> None:
        if not 0 < self.smallest <= self.first <= self.cautious <= self.largest <= _LARGEST_CHUNK:
            message = f"chunk sizes must be 0 < smallest <= first <= cautious <= largest <= {_LARGEST_CHUNK:.0f} s"
            raise ValueError(message)

    def to_start(self, rate: float) -> float:
        """Return the seconds of speech that a silent sink starts with, if speech comes at `rate` times speaking speed.

        One wait before the start replaces a gap every second.
        """
        missing = self.lead + self.foresight * (1 - rate)
        return min(max(self.first, missing), max(self.first, self.longest_wait))

    def most(self, rate: float) -> float:
        """Return the size that no chunk exceeds, if `rate` seconds of speech reach the service in a second."""
        return min(max(self.cautious, rate * self.upload), self.largest)

    def wanted(self, handed: float, rate: float) -> float:
        """Return the size of the next chunk after `handed` seconds: it doubles what the sink has, up to `most`."""
        return min(max(handed, self.first), self.most(rate))

    def due_at(self, dry_at: float) -> float:
        """Return when a chunk of any size is sent to a sink that runs dry at `dry_at`."""
        return dry_at - self.lead
