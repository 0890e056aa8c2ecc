"""Events of an utterance that is over, told apart from those of the one that the service has now."""

from avatar.core.server_events import EventKind, ServerEvent
from avatar.core.utterance import Utterance

_ACKNOWLEDGEMENTS = {EventKind.APPENDED, EventKind.COMMITTED}
_OF_PLAYBACK = {EventKind.STARTED, EventKind.SILENT, EventKind.ENDED}


class StaleEventFilter:
    """Decides which of a session's events are about the utterance that the session has now.

    After an interrupt the service may still tell of what was dropped. Until it confirms the interrupt, or the time for
    that is over, an event is accepted only if it names its utterance.

    Args:
        patience: Seconds for the confirmation of an interrupt.
    """

    def __init__(self, patience: float) -> None:
        self.acknowledges = False
        """True once the service has confirmed what it gets."""
        self.ignoring_until: float | None = None
        """Until when an interrupt may be confirmed; None when none is open."""
        self._patience = patience
        self._confirmations: set[str] = set()  # ids that confirm the last interrupt
        self._ends = 0  # sent and not confirmed
        self._echoes = False  # the service names utterances by our ids (field observation 49)
        self._playing_since: float | None = None  # by its last event, whatever that was about

    def interrupted(self, interrupt_id: str, utterance: Utterance, now: float) -> None:
        """An interrupt that drops `utterance` is sent."""
        self._confirmations = {interrupt_id, utterance.event_id}
        # A service that neither plays it nor confirms anything has nothing to tell of it.
        if utterance.may_sound or self.acknowledges:
            self.ignoring_until = now + self._patience

    def ended(self) -> None:
        """A `speak_end` is sent."""
        self._ends += 1

    def cleared(self, event: ServerEvent) -> float | None:
        """The service has dropped something.

        Returns:
            Since when it plays, if it said so before this event, and this event confirms the interrupt.
        """
        playing_since, self._playing_since = self._playing_since, None
        if self.ignoring_until is None or not (event.source is None or event.source in self._confirmations):
            return None
        self.ignoring_until = None
        self._playing_since = playing_since
        return playing_since

    def accepts(self, event: ServerEvent, utterance: Utterance | None, now: float, *, is_past: bool) -> bool:
        """Take in an event of speech.

        Args:
            event: The service's.
            utterance: The one that the session has now.
            now: Monotonic seconds.
            is_past: True if the event names an utterance that is over.

        Returns:
            True if the event is about `utterance`.
        """
        self.acknowledges |= event.kind in _ACKNOWLEDGEMENTS
        if event.kind in _OF_PLAYBACK:
            self._playing_since = now if event.kind is EventKind.STARTED else None
        names_it = utterance is not None and event.source == utterance.event_id
        self._echoes |= names_it
        is_last_end = event.kind is EventKind.COMMITTED and self._is_last_end()
        if names_it or is_last_end:
            return True
        if not (self._echoes and event.source is not None) and self.ignoring_until is None and not is_past:
            return True
        if event.kind is EventKind.SILENT:
            self.ignoring_until = None  # the avatar has fallen silent: the interrupt was carried out
        return False

    def _is_last_end(self) -> bool:
        """Ends are confirmed in order, each once: with the last one the service has everything that was sent."""
        if not self._ends:
            return False
        self._ends -= 1
        return self._ends == 0

    def give_up(self) -> float | None:
        """Stop waiting for the confirmation of an interrupt.

        Returns:
            Since when the service plays, if it does: then it plays the utterance that was sent since.
        """
        self.ignoring_until = None
        return self._playing_since

    def forget(self) -> None:
        """Forget what only the socket that is gone could have told."""
        self.ignoring_until = self._playing_since = None
        self._ends = 0
