"""The speech of a call and the sink that plays it: timeline, floor, and the commands about speech."""

from collections import deque

from avatar.core.chunking import Chunking
from avatar.core.commands import Command, Interrupt, KeepAlive, Speak, SpeakEnd, StartListening, StopListening
from avatar.core.deadline import next_after
from avatar.core.events import Event, PlaybackFinished
from avatar.core.floor import FloorControl
from avatar.core.ids import Ids
from avatar.core.server_events import EventKind, ServerEvent
from avatar.core.session import Session
from avatar.core.timeline import Timeline
from avatar.core.timings import Timings
from avatar.core.utterance import Utterance


class Playback:
    """The playback of the timeline at the sink that has the floor.

    Args:
        ids: Source of event ids.
        chunking: Sizes and pace of chunks.
        timings: Waits.
        can_publish: True if a fallback track can be published in the room.
        can_mute: True if an avatar can be muted for the others in the room.
        now: Monotonic seconds.
    """

    def __init__(
        self, ids: Ids, chunking: Chunking, timings: Timings, *, can_publish: bool, can_mute: bool, now: float
    ) -> None:
        self.timeline = Timeline(ids, chunking, end_timeout=timings.end)
        self.floor = FloorControl(timings, can_publish=can_publish, can_mute=can_mute, now=now)
        self.is_paused = False
        self._ids = ids
        self._t = timings
        self._resumed_at = now
        self._fallback_controls: deque[Interrupt] = deque()

    @property
    def waits(self) -> bool:
        """True if there is speech to be played."""
        return not self.timeline.empty and not self.is_paused

    def avatar_sounds(self, now: float) -> bool:
        """Return whether the avatar says that it plays, and played sound in the last second."""
        return self.floor.has_avatar and self.timeline.playing and self.timeline.sounds(now)

    # What the framework does

    def seal(self, now: float) -> None:
        """Complete the open segment."""
        self.timeline.seal()
        # Not while capturing: the framework counts a segment after its first frame.
        if self.floor.drops:
            self.timeline.finish_all(now)

    def interrupt(self, now: float) -> None:
        """Finish every segment at its played position, and silence the sink."""
        self._silence(self.timeline.finish_all(now), now)
        self.timeline.open_next()

    def pause(self, now: float) -> None:
        """Silence the sink, and keep what was not played."""
        self.is_paused = True
        self._silence(self.timeline.take_back(now), now)

    def resume(self, now: float) -> None:
        """Play what was kept."""
        if self.is_paused:
            self.is_paused = False
            self._resumed_at = now

    def pose(self, *, listening: bool) -> None:
        """Let the avatar take or leave the listening pose, unless it speaks."""
        session = self.floor.session
        if session is not None and session.is_ready and self.timeline.empty:
            pose = StartListening if listening else StopListening
            session.controls.append(pose(self._ids.mint("pose")))

    # What the sinks report

    def hear(self, session: Session, event: ServerEvent, now: float) -> bool:
        """Handle the service's event about speech.

        Returns:
            True if the service has cut an utterance off: the session is useless then.
        """
        has_floor = session is self.floor.session and self.floor.has_avatar
        utterance = self.timeline.utterance if has_floor else None
        is_past = self.timeline.is_past(event.source)
        if not session.stale.accepts(event, utterance, now, is_past=is_past) or utterance is None:
            return False
        session.has_spoken |= event.kind is EventKind.STARTED
        return self.timeline.hear(event, now, acknowledged=session.stale.acknowledges)

    def hear_cleared(self, session: Session, event: ServerEvent) -> None:
        """Note that an interrupt was carried out: the session plays the utterance that was sent after it."""
        playing_since, utterance = session.stale.cleared(event), self.timeline.utterance
        if playing_since is not None and utterance is not None and playing_since >= utterance.since:
            self._hear_start(session, playing_since)

    def hear_fallback(self, kind: EventKind, event_id: str, now: float) -> None:
        """Handle the fallback track's event about an utterance."""
        utterance = self.timeline.utterance
        if self.floor.has_fallback and utterance is not None and utterance.event_id == event_id:
            self.timeline.hear(ServerEvent(kind, event_id), now, acknowledged=False)

    def fallback_lost(self, now: float) -> None:
        """Give the speech that a lost fallback track did not play to the next sink."""
        if self.floor.has_fallback:
            self.timeline.take_back(now)
        self._fallback_controls.clear()
        self.floor.track_lost(now)

    # Leaving a sink

    def avatar_lost(self, session: Session, now: float, fallback_at: float) -> None:
        """Give the speech that a session did not play to the next sink, as the session takes no commands any more.

        If its socket is open, it is interrupted; else its next socket begins with an interrupt.

        Args:
            session: The session.
            now: Monotonic seconds.
            fallback_at: When the fallback track may speak instead.
        """
        session.must_clear |= any(isinstance(command, Interrupt) for command in session.controls)
        session.controls = deque(command for command in session.controls if isinstance(command, Interrupt))
        if session is not self.floor.session or not self.floor.has_avatar:
            return
        utterance = self.timeline.take_back(now)
        if utterance is not None:
            session.must_clear = True
            session.controls.append(Interrupt(self._ids.mint("interrupt")))
        silent_at = now if utterance is None else utterance.silent_by
        self.floor.avatar_lost(fallback_at=fallback_at, silent_at=silent_at)

    def no_avatar(self, now: float) -> None:
        """Note that there is no avatar for now: the fallback track need not wait."""
        self.floor.avatar_lost(fallback_at=now, silent_at=now)

    def prepare(self, session: Session, now: float) -> None:
        """Queue the commands of a ready session that are not speech.

        A new socket begins with an interrupt if the avatar may still play speech that was taken back; a session that
        got no command for a while is kept alive.
        """
        if session.must_clear:
            session.must_clear = False
            session.controls.appendleft(Interrupt(self._ids.mint("interrupt")))
        if session.keep_alive_at is not None and session.keep_alive_at <= now:
            session.keep_alive_at = now + self._t.keep_alive
            session.controls.append(KeepAlive(self._ids.mint("keep-alive")))

    def close(self, now: float) -> None:
        """Finish all segments, and silence the sink."""
        self._silence(self.timeline.finish_all(now), now)

    # Commands

    def next_command(self, session: Session, now: float) -> Command | None:
        """Return the next command for a session; None if there is none now."""
        command = session.controls.popleft() if session.controls else self._next_of_speech(session, now)
        if isinstance(command, Interrupt):
            self.floor.interrupt_sent(session, now)
        elif isinstance(command, SpeakEnd):
            session.stale.ended()
        if command is not None:
            session.keep_alive_at = now + self._t.keep_alive
        return command

    def _next_of_speech(self, session: Session, now: float) -> Speak | SpeakEnd | None:
        if self.is_paused or not self.floor.has_avatar or session is not self.floor.session or not session.is_ready:
            return None
        patience = self._t.speech if session.has_spoken else self._t.first_speech
        return self.timeline.next_command(now, patience)

    def next_fallback_command(self, now: float) -> Speak | SpeakEnd | Interrupt | None:
        """Return the next command for the fallback track; None if there is none now."""
        if self._fallback_controls:
            return self._fallback_controls.popleft()
        if self.is_paused or not self.floor.has_fallback:
            return None
        return self.timeline.next_command(now, self._t.speech)

    # Time

    def next_timeout(self, available: Session | None, now: float) -> float | None:
        """Return when something here is due; None if nothing depends on time."""
        session = self.floor.session
        plays = not self.is_paused and (self.floor.has_avatar or self.floor.has_fallback)
        instants = (
            self.timeline.chunk_due_at(now) if plays else None,
            self.timeline.overdue_at(),
            self.floor.next_timeout(available, now, waiting=self.waits),
            self._drop_at(),
            None if session is None else session.stale.ignoring_until,
        )
        return next_after(now, instants)

    def handle_timeout(self, now: float) -> Session | None:
        """Do what is due.

        Returns:
            The session that did not play what it was sent, if there is one.
        """
        self._end_stale_wait(now)
        drop_at = self._drop_at()
        if drop_at is not None and drop_at <= now:
            self.drop(now)
        overdue_at = self.timeline.overdue_at()
        if overdue_at is None or overdue_at > now or self.timeline.end_if_played(now):
            return None
        if self.floor.has_avatar:
            return self.floor.session
        # There is no second fallback track.
        self.timeline.finish_all(now)
        return None

    def drop(self, now: float) -> None:
        """Report all speech as not heard, until there is a sink."""
        self.floor.give_up()
        self.timeline.finish_all(now)

    def take_events(self) -> list[Event]:
        """Return the speech's events since the last call; after its last word the avatar takes the listening pose."""
        events, self.timeline.events = self.timeline.events, []
        is_last = any(isinstance(event, PlaybackFinished) and not event.interrupted for event in events)
        if is_last and self.floor.has_avatar:
            # The service's guide for agents does the same.
            self.pose(listening=True)
        return events

    def _drop_at(self) -> float | None:
        since = self.timeline.waits_since
        if since is None or self.is_paused:
            return None
        return self.floor.drop_at(max(since, self._resumed_at, self.timeline.progress_at))

    def _end_stale_wait(self, now: float) -> None:
        """Give up an overdue confirmation of an interrupt: the avatar plays the utterance that it got since."""
        session, utterance = self.floor.session, self.timeline.utterance
        if session is None or session.stale.ignoring_until is None or session.stale.ignoring_until > now:
            return
        playing_since = session.stale.give_up()
        if playing_since is not None and utterance is not None and self.floor.has_avatar:
            self._hear_start(session, max(playing_since, utterance.since))

    def _hear_start(self, session: Session, at: float) -> None:
        if session is self.floor.session:
            session.has_spoken = True
            self.timeline.hear(ServerEvent(EventKind.STARTED), at, acknowledged=session.stale.acknowledges)

    def _silence(self, utterance: Utterance | None, now: float) -> None:
        """Interrupt a dropped utterance; then the avatar takes the listening pose (the service's guide for agents)."""
        session = self.floor.session
        if utterance is None:
            return
        interrupt = Interrupt(self._ids.mint("interrupt"))
        if self.floor.has_fallback:
            self._fallback_controls.append(interrupt)
        elif session is not None:
            session.controls.append(interrupt)
            session.controls.append(StartListening(self._ids.mint("pose")))
            session.stale.interrupted(interrupt.event_id, utterance, now)
