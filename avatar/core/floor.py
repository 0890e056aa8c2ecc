"""The floor, which one sink has at a time to play the timeline, and the fallback track, which is published if needed.

The fallback track gets the floor when no avatar takes commands, also within a segment; an avatar gets it back between
segments. A sink gets it only when the previous one is surely silent: its interrupt was sent and the tail is over, the
room's server has muted it, it has left the room, or it has run out of audio.
"""

from collections import deque

from avatar.core.actions import Action, MuteAvatar, PublishFallback, UnpublishFallback
from avatar.core.deadline import next_after
from avatar.core.session import Session
from avatar.core.sink import (
    FLOOR_TRANSITIONS,
    MUTE_TRANSITIONS,
    TRACK_TRANSITIONS,
    Audibility,
    Floor,
    FloorTrigger,
    MuteTrigger,
    Track,
    TrackTrigger,
)
from avatar.core.timings import Timings

_NEVER = float("inf")
_LONG_AGO = float("-inf")

_VACANT = {Floor.EMPTY, Floor.DROPPING}


class FloorControl:
    """The decision which sink plays.

    Args:
        timings: Waits.
        can_publish: True if a fallback track can be published in the room.
        can_mute: True if an avatar can be muted for the others in the room.
        now: Monotonic seconds.
    """

    def __init__(self, timings: Timings, *, can_publish: bool, can_mute: bool, now: float) -> None:
        self.floor = Floor.EMPTY
        self.track = Track.ABSENT
        # The session that has the floor, or the last one that had it.
        self.session: Session | None = None
        # When the fallback track may speak, if speech waits and no avatar has the floor.
        self.fallback_at = now + timings.first_fallback
        self.actions: deque[Action] = deque()
        self._t = timings
        self._can_publish = can_publish
        self._can_mute = can_mute
        # When the avatar that had the floor is surely silent.
        self._silent_at = _LONG_AGO
        self._track_due_at = _NEVER

    @property
    def has_avatar(self) -> bool:
        """True while an avatar has the floor."""
        return self.floor is Floor.AVATAR

    @property
    def has_fallback(self) -> bool:
        """True while the fallback track has the floor."""
        return self.floor is Floor.FALLBACK

    @property
    def drops(self) -> bool:
        """True while captured speech is reported as not heard."""
        return self.floor in {Floor.DROPPING, Floor.CLOSED}

    # Facts

    def avatar_lost(self, *, fallback_at: float, silent_at: float) -> None:
        """Note that no avatar takes commands any more.

        Args:
            fallback_at: When the fallback track may speak instead.
            silent_at: When the avatar is surely silent.
        """
        self.fallback_at = min(self.fallback_at, fallback_at)
        if self.has_avatar:
            self._move(FloorTrigger.LOST)
            self._silent_at = silent_at

    def interrupt_sent(self, session: Session, now: float) -> None:
        """Note that an interrupt was sent to a session."""
        if session is self.session:
            self._silent_at = min(self._silent_at, now + self._t.tail)

    def avatar_absent(self, session: Session, now: float) -> None:
        """Note that a session's avatar is not in the room."""
        if session is self.session:
            self._silent_at = min(self._silent_at, now)

    def track_published(self) -> None:
        """Note that the fallback track is in the room."""
        if self.track is Track.PUBLISHING:
            self._move_track(TrackTrigger.PUBLISHED)
        else:
            self.actions.append(UnpublishFallback())

    def track_lost(self, now: float) -> None:
        """Note that the fallback track could not be published, or was lost."""
        if TrackTrigger.LOST in TRACK_TRANSITIONS[self.track]:
            self._move_track(TrackTrigger.LOST, due_at=now + self._t.retry)
        if self.has_fallback:
            self._move(FloorTrigger.LOST)

    def muted(self, session: Session, now: float, *, done: bool) -> None:
        """Note whether the room's server has muted or unmuted an avatar as asked."""
        trigger = MuteTrigger.DONE if done else MuteTrigger.FAILED
        if trigger not in MUTE_TRANSITIONS[session.audibility]:
            return
        was_muting = session.audibility is Audibility.MUTING
        self._move_mute(session, trigger, now + self._t.retry if not done else _LONG_AGO)
        if was_muting and done and session is self.session:
            self._silent_at = min(self._silent_at, now)

    def give_up(self) -> None:
        """Drop speech until there is a sink."""
        if FloorTrigger.WAITED in FLOOR_TRANSITIONS[self.floor]:
            self._move(FloorTrigger.WAITED)

    def close(self) -> None:
        """Take the floor from every sink, for good."""
        if self.floor is not Floor.CLOSED:
            self._move(FloorTrigger.CLOSED)
            self._dismiss()

    # Decisions

    def decide(self, avatar: Session | None, now: float, *, between: bool, waiting: bool) -> bool:
        """Move the floor, and ask for the fallback track, if that is due.

        Args:
            avatar: The session that takes commands; None if there is none.
            now: Monotonic seconds.
            between: True between segments.
            waiting: True if there is speech that no sink has.

        Returns:
            True if the floor has moved.
        """
        before = self.floor, self.session
        if self.has_fallback and between and self._is_audible(avatar, now):
            self._move(FloorTrigger.LOST)
        if self.floor in _VACANT:
            self._fill(avatar, now, waiting=waiting)
        if self.has_avatar and self.track is not Track.ABSENT:
            self._dismiss()
        return before != (self.floor, self.session)

    def next_timeout(self, avatar: Session | None, now: float, *, waiting: bool) -> float | None:
        """Return when `decide` has something to do; None if nothing here depends on time."""
        instants: list[float] = []
        if self.floor in _VACANT and (waiting or avatar is not None):
            instants = [self.fallback_at, self._silent_at, self._track_due_at]
        for session in (avatar, self.session):
            if session is not None:
                instants.append(session.mute_until)
        return next_after(now, instants)

    def drop_at(self, speech_since: float | None) -> float | None:
        """Return when speech that has waited since `speech_since` is dropped; None if it is not."""
        if speech_since is None or self.floor is not Floor.EMPTY:
            return None
        return speech_since + self._t.drop

    def _fill(self, avatar: Session | None, now: float, *, waiting: bool) -> None:
        """Give the floor to a sink that can have it."""
        if avatar is not None and self._is_audible(avatar, now):
            if avatar is self.session or now >= self._silent_at:
                self.session = avatar
                self.fallback_at = _NEVER
                self._move(FloorTrigger.AVATAR)
            return
        if not waiting or now < self.fallback_at:
            return
        self._want_track(now)
        if now < self._silent_at:
            self._mute(now)
        elif self.track is Track.PUBLISHED:
            self._move(FloorTrigger.FALLBACK)

    def _want_track(self, now: float) -> None:
        """Ask for the fallback track; ask again some time after a failure."""
        is_due = now >= self._track_due_at
        if self.track is Track.PUBLISHING and is_due:
            self.actions.append(UnpublishFallback())
            self.track_lost(now)
        elif self._can_publish and (self.track is Track.ABSENT or (self.track is Track.FAILED and is_due)):
            self._move_track(TrackTrigger.WANTED, due_at=now + self._t.action)
            self.actions.append(PublishFallback())

    def _mute(self, now: float) -> None:
        """Mute an avatar that may still play."""
        session = self.session
        if session is None or not self._can_mute or session.audibility is not Audibility.AUDIBLE:
            return
        if now >= session.mute_until:
            self._ask_to_mute(session, MuteTrigger.MUTE, now)

    def _is_audible(self, avatar: Session | None, now: float) -> bool:
        """Return whether the others hear this avatar; ask to unmute it if it is muted."""
        if avatar is None:
            return False
        if avatar.audibility is Audibility.MUTED and now >= avatar.mute_until:
            self._ask_to_mute(avatar, MuteTrigger.UNMUTE, now)
        elif avatar.audibility in {Audibility.MUTING, Audibility.UNMUTING} and now >= avatar.mute_until:
            self.muted(avatar, now, done=False)
        return avatar.audibility is Audibility.AUDIBLE

    def _ask_to_mute(self, session: Session, trigger: MuteTrigger, now: float) -> None:
        self._move_mute(session, trigger, now + self._t.action)
        self.actions.append(MuteAvatar(session.identity, muted=trigger is MuteTrigger.MUTE))

    def _dismiss(self) -> None:
        if TrackTrigger.DISMISSED in TRACK_TRANSITIONS[self.track]:
            if self.track is not Track.FAILED:
                self.actions.append(UnpublishFallback())
            self._move_track(TrackTrigger.DISMISSED)

    def _move(self, trigger: FloorTrigger) -> None:
        self.floor = FLOOR_TRANSITIONS[self.floor][trigger]

    def _move_track(self, trigger: TrackTrigger, *, due_at: float = _NEVER) -> None:
        self.track = TRACK_TRANSITIONS[self.track][trigger]
        self._track_due_at = due_at

    def _move_mute(self, session: Session, trigger: MuteTrigger, until: float) -> None:
        session.audibility = MUTE_TRANSITIONS[session.audibility][trigger]
        session.mute_until = until
