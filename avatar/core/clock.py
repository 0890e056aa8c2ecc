"""The playback clock: an estimate of how much of its audio the avatar has played."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of speech that was played without a break."""

    # When it began, in the clock's own time.
    started_at: float
    # Seconds of the speech that were played before it.
    offset: float
    # Seconds that it lasted.
    duration: float


class PlaybackClock:
    """Estimates the playback position of one utterance, in seconds.

    The service plays in real time and tells no positions: it says when it speaks and when it stops. Between the
    two, what was played grows with the time, and never beyond what was handed over.
    """

    def __init__(self) -> None:
        self._handed = 0.0
        self._settled = 0.0  # played before _since
        self._since: float | None = None
        self._assumed = False  # the avatar was dry and got more; it may not have said yet that it goes on
        self._runs: list[Run] = []

    @property
    def running(self) -> bool:
        """True while the avatar is speaking."""
        return self._since is not None

    @property
    def handed(self) -> float:
        """Seconds handed over."""
        return self._handed

    @property
    def dry_at(self) -> float | None:
        """When the avatar runs out of speech; None while it isn't speaking."""
        return None if self._since is None else self._since + self._handed - self._settled

    def played(self, now: float) -> float:
        """Seconds played."""
        if self._since is None:
            return self._settled
        return min(self._handed, self._settled + max(0.0, now - self._since))

    def remaining(self, now: float) -> float:
        """Seconds handed over and not yet played."""
        return self._handed - self.played(now)

    def hand_over(self, seconds: float, now: float) -> None:
        """The avatar was given `seconds` more. One that had run dry goes on from now."""
        if self.running and self.remaining(now) <= 0:
            self._close_run(now)
            self._since = now
            self._assumed = True
        self._handed += seconds

    def start(self, now: float) -> None:
        """The avatar speaks; if it already does, that corrects no more than when it went on after running dry."""
        if self._since is None or self._assumed:
            self._since = now
            self._assumed = False

    def stop(self, now: float) -> None:
        """The avatar fell silent."""
        self._close_run(now)
        self._since = None
        self._assumed = False

    def finish(self, now: float) -> None:
        """The avatar has played everything, whatever the estimate was."""
        missing = self.remaining(now)
        self._close_run(now, also=missing)
        self._since = None

    def take_runs(self) -> list[Run]:
        """The runs that ended since the last call."""
        runs, self._runs = self._runs, []
        return runs

    def _close_run(self, now: float, also: float = 0.0) -> None:
        played = self.played(now) + also
        duration = played - self._settled
        if duration > 0:
            started_at = now - duration if self._since is None else self._since
            self._runs.append(Run(started_at, self._settled, duration))
        self._settled = played
