"""Whose sign is this: of the speech that is at the service now, or of one that is over?"""

from avatar.core.signs import Kind, Sign
from avatar.core.speech import Speech

_OF_THE_MOUTH = {Kind.TALKING, Kind.QUIET, Kind.ENDED}


class Ear:
    """Tells which of the service's signs are to be believed.

    After an interrupt the service may still tell of what was dropped. Until it confirms the interrupt, or the time for
    that is over, the ear is deaf: only a sign that names its speech is believed.

    Args:
        patience: Seconds for the confirmation of an interrupt.
    """

    def __init__(self, patience: float) -> None:
        self.acknowledges = False
        """Whether the service confirms what it gets."""
        self.deaf_until: float | None = None
        """Until when an interrupt may be confirmed; None when none is open."""
        self._patience = patience
        self._confirmations: set[str] = set()  # ids that confirm the last interrupt
        self._ends = 0  # that were sent and are not confirmed
        self._echoes = False  # whether the service names the speech that it talks of by our id
        self._talks_since: float | None = None  # what it said last, whatever it was about

    def interrupted(self, interrupt_id: str, speech: Speech, now: float) -> None:
        """The service is told to drop `speech`."""
        self._confirmations = {interrupt_id, speech.event_id}
        if speech.talks or self.acknowledges:  # else the service has nothing to say of it
            self.deaf_until = now + self._patience

    def ended(self) -> None:
        """The service is told the end of the speech."""
        self._ends += 1

    def cleared(self, sign: Sign) -> float | None:
        """The service has dropped something.

        Returns:
            Since when it talks, if that was told before this news, and this confirms the interrupt.
        """
        talks_since, self._talks_since = self._talks_since, None
        if self.deaf_until is None or not (sign.source is None or sign.source in self._confirmations):
            return None
        self.deaf_until = None
        self._talks_since = talks_since
        return talks_since

    def believes(self, sign: Sign, speech: Speech | None, now: float, *, is_past: bool) -> bool:
        """Take in a sign of speech.

        Args:
            sign: What the service says.
            speech: What is at the service now.
            now: Monotonic seconds.
            is_past: Whether the sign names a speech that is over.

        Returns:
            Whether it is about `speech`.
        """
        self.acknowledges |= sign.kind in {Kind.APPENDED, Kind.COMMITTED}
        if sign.kind in _OF_THE_MOUTH:
            self._talks_since = now if sign.kind is Kind.TALKING else None
        names_it = speech is not None and sign.source == speech.event_id
        self._echoes |= names_it
        is_last_end = sign.kind is Kind.COMMITTED and self._is_last_end()
        if names_it or is_last_end:
            return True
        if not (self._echoes and sign.source is not None) and self.deaf_until is None and not is_past:
            return True
        if sign.kind is Kind.QUIET:
            self.deaf_until = None  # it has fallen silent: the interrupt was obeyed
        return False

    def _is_last_end(self) -> bool:
        """Ends are confirmed in order, each once: with the last one the service has all that it was given."""
        if not self._ends:
            return False
        self._ends -= 1
        return self._ends == 0

    def listen_again(self) -> float | None:
        """The interrupt stays unconfirmed.

        Returns:
            Since when the avatar talks, if it does: then of the speech that it was given since.
        """
        self.deaf_until = None
        return self._talks_since

    def forget(self) -> None:
        """The connection is gone, and with it what was still to be said on it."""
        self.deaf_until = self._talks_since = None
        self._ends = 0
