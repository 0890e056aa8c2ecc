"""Finds out that an avatar is not heard although it should be: its track may be there and carry no sound."""

# Speech pauses for one or two seconds, and networks stall as long.
_UNHEARD_AFTER_S = 3.0

# Energy by which two looks differ if there was sound, as WebRTC's statistics add it up: speech adds some 0.05 each.
_SOUND = 1e-4


class SoundMonitor:
    """Follows the energy of an avatar's audio track.

    A track that has frozen goes on to send packets: silence is what is left to see. A track of which nothing was ever
    heard is left alone, as its statistics may not tell.
    """

    def __init__(self) -> None:
        self._track: str | None = None
        self._energy = 0.0
        self._since: float | None = None

    def reset(self) -> None:
        """Note that the avatar should not be heard now."""
        self._since = None

    def note(self, track: str | None, energy: float, now: float) -> float | None:
        """Take in the energy of all sound that has arrived, while the avatar should be heard.

        Args:
            track: Which track it is of; None if there is none. Another track counts from zero.
            energy: As WebRTC's statistics tell it.
            now: Monotonic seconds.

        Returns:
            Since when nothing is heard, after 3 s of silence.
        """
        is_new = track != self._track or self._since is None
        if track is None or not energy or is_new or energy > self._energy + _SOUND:
            self._track, self._energy, self._since = track, energy, now
            return None
        since = self._since
        if since is None or now - since < _UNHEARD_AFTER_S:
            return None
        self._since = None
        return since
