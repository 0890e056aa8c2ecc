"""The one audio format of the wire: PCM16, 24 kHz, mono (LITE mode, "Events").

The service answers another format with noise and no error, so nothing here is configurable.
"""

from array import array

SAMPLE_RATE = 24_000
BYTES_PER_SAMPLE = 2
BYTES_PER_SECOND = SAMPLE_RATE * BYTES_PER_SAMPLE

# Level, of 32768: a voice's noise between words is below it, speech well above.
_FAINT = 500

# Only every eighth sample is checked: enough to find a sound that lasts.
_STRIDE = 8


def to_seconds(size_bytes: int) -> float:
    """Return the duration of `size_bytes` of PCM, in seconds."""
    return size_bytes / BYTES_PER_SECOND


def to_bytes(seconds: float) -> int:
    """Return the size of `seconds` of PCM, in bytes, cut to whole samples."""
    # With the tiny offset, a duration that came from bytes gives the same number of bytes.
    return int(seconds * SAMPLE_RATE + 1e-6) * BYTES_PER_SAMPLE


def is_silent(pcm: bytes) -> bool:
    """Return whether no sound is loud enough to be heard, as between the sentences of a voice."""
    return max(map(abs, array("h", pcm)[::_STRIDE]), default=0) < _FAINT
