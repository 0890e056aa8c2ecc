"""The playback clock: an estimate of how much of its audio the avatar has played."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Run:
    """A part of the speech that was played without a break."""

    # When it began, in the clock's own time.
    started_at: float
    # Seconds of the speech that were played before it.
    offset: float
    # Seconds that it lasted.
    duration: float


class PlaybackClock:
    """An estimate of the playback position of one utterance, in seconds.

    The service plays in real time and reports no positions, only when it starts and stops to speak. Between the two,
    the position grows with the time, but never beyond the speech that was handed over.
    """

    def __init__(self) -> None:
        self._handed = 0.0
        # Seconds played before `_since`.
        self._settled = 0.0
        self._since: float | None = None
        # True if the avatar had run dry and got more speech, but has not yet said that it continues.
        self._assumed = False
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
        """The time when the avatar runs out of speech; None while it isn't speaking."""
        return None if self._since is None else self._since + self._handed - self._settled

    def played(self, now: float) -> float:
        """Return the seconds played."""
        if self._since is None:
            return self._settled
        return min(self._handed, self._settled + max(0.0, now - self._since))

    def remaining(self, now: float) -> float:
        """Return the seconds handed over and not yet played."""
        return self._handed - self.played(now)

    def hand_over(self, seconds: float, now: float) -> None:
        """Note that the avatar was given `seconds` more. If it had run dry, it continues from now."""
        if self.running and self.remaining(now) <= 0:
            self._close_run(now)
            self._since = now
            self._assumed = True
        self._handed += seconds

    def start(self, now: float) -> None:
        """Note that the avatar speaks; if it already did, this only corrects a start that was assumed."""
        if self._since is None or self._assumed:
            self._since = now
            self._assumed = False

    def stop(self, now: float) -> None:
        """Note that the avatar fell silent."""
        self._close_run(now)
        self._since = None
        self._assumed = False

    def finish(self, now: float) -> None:
        """Note that the avatar has played everything, whatever the estimate was."""
        missing = self.remaining(now)
        self._close_run(now, also=missing)
        self._since = None

    def take_runs(self) -> list[Run]:
        """Return the runs that ended since the last call."""
        runs, self._runs = self._runs, []
        return runs

    def _close_run(self, now: float, also: float = 0.0) -> None:
        played = self.played(now) + also
        duration = played - self._settled
        if duration > 0:
            started_at = now - duration if self._since is None else self._since
            self._runs.append(Run(started_at, self._settled, duration))
        self._settled = played
