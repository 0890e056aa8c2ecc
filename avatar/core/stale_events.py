"""A filter for events of utterances that are over, while the service has another utterance."""

from avatar.core.server_events import EventKind, ServerEvent
from avatar.core.utterance import Utterance

_ACKNOWLEDGEMENTS = {EventKind.APPENDED, EventKind.COMMITTED}
_OF_PLAYBACK = {EventKind.STARTED, EventKind.SILENT, EventKind.ENDED}


class StaleEventFilter:
    """A filter for a session's events that are about the utterance that the session has now.

    After an interrupt the service may still report events of the dropped utterance. Until it confirms the interrupt, or
    the time for that is over, an event is accepted only if it names its utterance.

    Args:
        patience: Seconds to wait for the confirmation of an interrupt.
    """

    def __init__(self, patience: float) -> None:
        # True once the service has acknowledged a command.
        self.acknowledges = False
        # Until when to wait for the confirmation of an interrupt; None if no interrupt is unconfirmed.
        self.ignoring_until: float | None = None
        self._patience = patience
        # The ids that confirm the last interrupt.
        self._confirmations: set[str] = set()
        # How many `speak_end` were sent and not confirmed.
        self._ends = 0
        # True once the service has named an utterance by our id (field observation 49).
        self._echoes = False
        # Since when the service plays, by its last event of any utterance.
        self._playing_since: float | None = None

    def interrupted(self, interrupt_id: str, utterance: Utterance, now: float) -> None:
        """Note that an interrupt that drops `utterance` is sent."""
        self._confirmations = {interrupt_id, utterance.event_id}
        # A service that neither plays the utterance nor acknowledges commands sends no late events of it.
        if utterance.may_sound or self.acknowledges:
            self.ignoring_until = now + self._patience

    def ended(self) -> None:
        """Note that a `speak_end` is sent."""
        self._ends += 1

    def cleared(self, event: ServerEvent) -> float | None:
        """Note that the service has dropped speech.

        Returns:
            Since when the service plays, if it said so before this event, and this event confirms the interrupt.
        """
        playing_since, self._playing_since = self._playing_since, None
        if self.ignoring_until is None or not (event.source is None or event.source in self._confirmations):
            return None
        self.ignoring_until = None
        self._playing_since = playing_since
        return playing_since

    def accepts(self, event: ServerEvent, utterance: Utterance | None, now: float, *, is_past: bool) -> bool:
        """Note an event of speech, and decide whether it is about `utterance`.

        Args:
            event: The service's event.
            utterance: The utterance that the session has now.
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
            # The avatar has fallen silent: the interrupt was carried out.
            self.ignoring_until = None
        return False

    def _is_last_end(self) -> bool:
        """Count a confirmed end, which come in order; return whether the service has everything that was sent."""
        if not self._ends:
            return False
        self._ends -= 1
        return self._ends == 0

    def give_up(self) -> float | None:
        """Stop waiting for the confirmation of an interrupt.

        Returns:
            Since when the service plays, if it does: that is the utterance that was sent after the interrupt.
        """
        self.ignoring_until = None
        return self._playing_since

    def forget(self) -> None:
        """Forget the state that depends on confirmations from the lost socket."""
        self.ignoring_until = self._playing_since = None
        self._ends = 0
