"""Finds out that an avatar is not heard although it should be: its track may be there and carry no sound."""

# Speech pauses for one or two seconds, and networks stall as long.
_UNHEARD_AFTER_S = 3.0

# Seconds without a report that the avatar speaks, after which its sound itself is listened to. LiveKit's server reports
# the begin of a speech up to 1.8 s late, and the end of one a second late.
_DOUBTFUL_AFTER_S = 1.5

# Energy by which two looks differ if there was sound, as WebRTC's statistics add it up: speech adds some 0.05 each.
_SOUND = 1e-4


class SoundMonitor:
    """Follows whether an avatar is heard: by the server's reports, and by the energy of its sound where they end.

    A track that has frozen goes on to send packets: silence is what is left to see. An avatar of which nothing was ever
    heard is left alone, as its track may not tell.
    """

    def __init__(self) -> None:
        self._identity: str | None = None
        self._was_heard = False
        self._energy: float | None = None
        self._since: float | None = None

    def is_doubtful(self, now: float) -> bool:
        """True when the energy of the sound has to tell whether the avatar is heard."""
        return self._was_heard and self._since is not None and now - self._since >= _DOUBTFUL_AFTER_S

    def reset(self) -> None:
        """Note that the avatar should not be heard now."""
        self._since = self._energy = None

    def note_report(self, identity: str, now: float, *, speaks: bool) -> None:
        """Take in whether the server reports that the avatar speaks, while it should.

        Args:
            identity: The avatar's; another one has to be heard first.
            now: Monotonic seconds.
            speaks: As reported.
        """
        if identity != self._identity:
            self._identity, self._was_heard, self._since = identity, False, None
        self._was_heard |= speaks
        if speaks or self._since is None:
            self._since, self._energy = now, None

    def note_energy(self, energy: float | None, now: float) -> float | None:
        """Take in the energy of all sound that has arrived, while it is doubtful whether the avatar is heard.

        Args:
            energy: As WebRTC's statistics tell it; None if they can't be read.
            now: Monotonic seconds.

        Returns:
            Since when nothing is heard, after 3 s of silence.
        """
        before, self._energy = self._energy, energy
        if energy is None or (before is not None and energy > before + _SOUND):
            self._since, self._energy = now, None
            return None
        since = self._since
        if before is None or since is None or now - since < _UNHEARD_AFTER_S:
            return None
        self.reset()
        return since
