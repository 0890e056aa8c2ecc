"""Detection of an avatar that is not heard although it should be: its track may be there and carry no sound."""

# Speech pauses for one or two seconds, and networks stall as long.
_UNHEARD_AFTER_S = 3.0

# Seconds without a report that the avatar speaks, after which its sound itself is checked. LiveKit's server reports the
# start of speech up to 1.8 s late, and its end a second late.
_DOUBTFUL_AFTER_S = 1.5

# Least growth of the energy in WebRTC's statistics between two checks if there was sound: speech adds about 0.05.
_SOUND = 1e-4


class SoundMonitor:
    """A monitor of whether an avatar is heard: by the server's reports and, when they stop, by its sound's energy.

    A frozen track still sends packets, so only its silence shows. An avatar that was never heard is ignored, as its
    sound may not be measurable.
    """

    def __init__(self) -> None:
        self._identity: str | None = None
        self._was_heard = False
        self._energy: float | None = None
        self._since: float | None = None

    def is_doubtful(self, now: float) -> bool:
        """Return whether the energy of the sound is needed to decide whether the avatar is heard."""
        return self._was_heard and self._since is not None and now - self._since >= _DOUBTFUL_AFTER_S

    def reset(self) -> None:
        """Note that the avatar should not be heard now."""
        self._since = self._energy = None

    def note_report(self, identity: str, now: float, *, speaks: bool) -> None:
        """Note whether the server reports that the avatar speaks, while it should.

        Args:
            identity: The avatar's identity; after a change the new avatar has to be heard first.
            now: Monotonic seconds.
            speaks: True if the server reports so.
        """
        if identity != self._identity:
            self._identity, self._was_heard, self._since = identity, False, None
        self._was_heard |= speaks
        if speaks or self._since is None:
            self._since, self._energy = now, None

    def note_energy(self, energy: float | None, now: float) -> float | None:
        """Note the energy of all sound that has arrived, while it is doubtful whether the avatar is heard.

        Args:
            energy: From WebRTC's statistics; None if they can't be read.
            now: Monotonic seconds.

        Returns:
            When the silence began, once it has lasted 3 s; None before.
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
