"""Decisions about speech and sessions together: what the call wants, its status, and the consequences of a loss."""

from collections import deque

from avatar.core.events import AvatarGone, Event, SessionLeft, SinkChanged, StatusChanged
from avatar.core.playback import Playback
from avatar.core.refusal import Refusal
from avatar.core.sessions import Sessions
from avatar.core.sink import Sink
from avatar.core.status import BY_REFUSAL, AvatarReason, AvatarStatus
from avatar.core.wish import Wish, Wishes, WishTrigger


class Coordinator:
    """The decisions that depend on both the speech and the sessions.

    Args:
        playback: The speech, and the sink that plays it.
        sessions: The sessions of the call.
        can_publish: True if a fallback track can be published in the room.
        replaceable: False if the call has one session only, which runs until the call ends (a hosted room).
    """

    def __init__(self, playback: Playback, sessions: Sessions, *, can_publish: bool, replaceable: bool) -> None:
        # Events in the order in which they happened.
        self.events: deque[Event] = deque()
        self._playback = playback
        self._sessions = sessions
        self._can_publish = can_publish
        self._replaceable = replaceable
        self._wishes = Wishes()
        self._status = AvatarStatus(is_live=False)

    @property
    def is_over(self) -> bool:
        """True when the call is closed and nothing is left to be stopped."""
        return self._wishes.state is Wish.CLOSED and not any(each.needs_attention for each in self._sessions.all)

    # What the call wants

    def release(self, detail: str, now: float) -> None:
        """Stop the avatar's session until `engage`; no-op in a hosted room, which would end with its session."""
        if self._replaceable and self._wish_for(WishTrigger.RELEASE):
            self._dismiss_avatar(detail, now)
            self._tell_status(AvatarReason.RELEASED, detail)

    def engage(self) -> None:
        """Ask for an avatar again."""
        if self._wish_for(WishTrigger.ENGAGE):
            self._sessions.want_again()
            self._tell_status(AvatarReason.STARTING, "")

    def change_avatar(self, avatar_id: str) -> None:
        """Switch to another avatar at the end of the current segment; no-op in a hosted room."""
        if self._replaceable:
            self._sessions.avatar_id = avatar_id

    def close(self, now: float) -> None:
        """End the call: finish the speech, and stop the sessions after their last speech was heard."""
        if self._wish_for(WishTrigger.CLOSE):
            self._playback.close(now)
            self._dismiss_avatar("the call is over", now)
            self._sessions.stop_all(now)
            self._playback.floor.close()

    # What follows from facts

    def refused(self, refusal: Refusal, detail: str, now: float, *, is_final: bool) -> None:
        """Note that the service refused a session; if that is final, give up.

        If a session still speaks, only its successor was refused, and nothing changes.
        """
        if not self._wishes.wants_avatar or self._sessions.current is not None:
            return
        self._playback.no_avatar(now)
        self._tell_status(BY_REFUSAL[refusal], detail)
        if is_final:
            self._give_up(refusal, detail, now)

    def settle(self, now: float) -> None:
        """Decide everything that can be decided now."""
        if (silent := self._playback.handle_timeout(now)) is not None:
            self._sessions.leave_used(silent, "the avatar does not play what it was sent", now)
        timeline = self._playback.timeline
        self._sessions.decide(now, between=timeline.between, last_word_at=timeline.ended_at)
        self._settle_floor(now)
        self.collect()
        is_spent = not self._replaceable and self._sessions.all and self._sessions.current is None
        if is_spent and self._wishes.wants_avatar:
            self._give_up(Refusal.ROOM_GONE, "the session of the hosted room is gone", now)

    def collect(self) -> None:
        """Collect the events of the speech and the sessions, in order."""
        self.events.extend(self._playback.take_events())
        for event in self._sessions.take_events():
            self.events.append(event)
            if isinstance(event, SessionLeft) and event.failed and self._sessions.available is None:
                self._tell_status(AvatarReason.LOST, event.detail)

    def _settle_floor(self, now: float) -> None:
        floor, available = self._playback.floor, self._sessions.available
        for session in self._sessions.all:
            if session.is_ready:
                self._playback.prepare(session, now)
        moved = floor.decide(available, now, between=self._playback.timeline.between, waiting=self._playback.waits)
        if moved and (floor.has_avatar or floor.has_fallback):
            self.events.append(SinkChanged(Sink.AVATAR if floor.has_avatar else Sink.FALLBACK))
        if available is not None and not self._status.is_live:
            self._change_status(AvatarStatus(is_live=True, reason=None))
        elif available is None and floor.has_fallback and self._status.is_live:
            self._tell_status(AvatarReason.LOST, "the avatar's WebSocket is away")

    def _give_up(self, refusal: Refusal, detail: str, now: float) -> None:
        self._wish_for(WishTrigger.GIVE_UP)
        self._dismiss_avatar(detail, now)
        if not self._can_publish:
            self._playback.drop(now)
        self._tell_status(BY_REFUSAL[refusal], detail)
        self.events.append(AvatarGone(refusal, detail))

    def _wish_for(self, trigger: WishTrigger) -> bool:
        """Change what the call wants; return False if that changes nothing."""
        changed = self._wishes.apply(trigger)
        self._sessions.is_wanted = self._wishes.wants_avatar
        return changed

    def _dismiss_avatar(self, detail: str, now: float) -> None:
        self._sessions.leave_all(detail, now, last_word_at=self._playback.timeline.ended_at)
        self._playback.no_avatar(now)

    def _tell_status(self, reason: AvatarReason, detail: str) -> None:
        self._change_status(AvatarStatus(is_live=False, reason=reason, detail=detail))

    def _change_status(self, status: AvatarStatus) -> None:
        if status != self._status:
            self._status = status
            self.events.append(StatusChanged(status))
