"""One utterance at a sink: a state machine as a table.

An utterance is the audio under one event id: a segment, or the rest of one after a pause or a change of sink.
"""

from enum import Enum

from avatar.core.clock import PlaybackClock
from avatar.core.uplink import Uplink


class UtteranceState(Enum):
    """The states of an utterance at the sink."""

    # The sink has audio and does not play it yet.
    SENT = "sent"
    # The sink plays it.
    PLAYING = "playing"
    # The sink ran out of audio before the end, and waits for more.
    STARVED = "starved"
    # It was played, dropped or given up.
    OVER = "over"


class UtteranceTrigger(Enum):
    """The triggers of an utterance's transitions."""

    AUDIO = "audio sent"
    STARTED = "sink starts to play"
    SILENT = "sink falls silent"
    ENDED = "end played"
    DROPPED = "interrupted, paused or moved to another sink"


_S, _T = UtteranceState, UtteranceTrigger
_TO_OVER = {_T.ENDED: _S.OVER, _T.DROPPED: _S.OVER}

UTTERANCE_TRANSITIONS: dict[UtteranceState, dict[UtteranceTrigger, UtteranceState]] = {
    _S.SENT: {_T.AUDIO: _S.SENT, _T.STARTED: _S.PLAYING, _T.SILENT: _S.SENT, **_TO_OVER},
    _S.PLAYING: {_T.AUDIO: _S.PLAYING, _T.STARTED: _S.PLAYING, _T.SILENT: _S.STARVED, **_TO_OVER},
    _S.STARVED: {_T.AUDIO: _S.SENT, _T.STARTED: _S.PLAYING, _T.SILENT: _S.STARVED, **_TO_OVER},
    _S.OVER: {},
}


class Utterance:
    """One utterance, from its first chunk on.

    Args:
        event_id: The event id of all its commands.
        offset: Seconds of its segment that come before it.
        patience: Seconds from audio sent to the start of playback after which the sink counts as silent.
        now: Monotonic seconds.
    """

    def __init__(self, event_id: str, offset: float, patience: float, now: float) -> None:
        self.event_id = event_id
        self.offset = offset
        self.patience = patience
        self.state = UtteranceState.SENT
        # When it entered its state.
        self.since = now
        self.clock = PlaybackClock()
        self.uplink = Uplink()
        # True once the sink has played some of it.
        self.began = False
        # True while the sink may be playing it; once it is over, the last value stays.
        self.may_sound = False
        self.end_sent = False
        # True once the service has confirmed the `speak_end`: it has every byte.
        self.committed = False

    def apply(self, trigger: UtteranceTrigger, now: float) -> None:
        """Make a transition of the table, and update the clock.

        Raises:
            KeyError: The table has no such transition, which is a mistake of the calling code.
        """
        state = UTTERANCE_TRANSITIONS[self.state][trigger]
        if trigger is UtteranceTrigger.ENDED:
            self.clock.finish(now)
        elif trigger is UtteranceTrigger.STARTED:
            self.clock.start(now)
        if state is not self.state:
            self._enter(state, now)

    def position(self, now: float) -> float:
        """Return the played position in its segment, in seconds."""
        return self.offset + self.clock.played(now)

    @property
    def dry_at(self) -> float:
        """The time when the sink runs out of audio. If playback has not begun, it is assumed to have begun at once."""
        running_dry_at = self.clock.dry_at
        return self.since + self.clock.remaining(self.since) if running_dry_at is None else running_dry_at

    @property
    def silent_by(self) -> float:
        """The time when a sink that can't be interrupted is surely silent; one that has not begun may begin late."""
        if self.began:
            return self.dry_at if self.may_sound else self.since
        return self.dry_at + self.patience

    def _enter(self, state: UtteranceState, now: float) -> None:
        self.state = state
        self.since = now
        if state is UtteranceState.PLAYING:
            self.began = True
        elif self.clock.running:
            self.clock.stop(now)
        if state is not UtteranceState.OVER:
            self.may_sound = self.began and state is not UtteranceState.STARVED
