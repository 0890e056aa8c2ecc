"""The machine: facts go in, commands, events, actions and the next deadline come out.

Nothing here waits, reads a clock or does I/O. Every method that something depends on takes `now`, monotonic seconds.
Whoever drives it feeds it facts, carries out `next_action`, dispatches `next_event`, sends `next_command` to each open
socket until there is none, and calls `handle_timeout` at `next_timeout`. A command is made at the moment it is asked
for, so audio that an interrupt drops was never encoded.
"""

from collections import deque
from collections.abc import Callable, Iterable

from avatar.core.actions import Action
from avatar.core.chunking import Chunking
from avatar.core.commands import Command, Interrupt, KeepAlive, Speak, SpeakEnd, StartListening, StopListening
from avatar.core.events import (
    AvatarGone,
    Event,
    PlaybackFinished,
    ServiceFault,
    SessionLeft,
    SinkChanged,
    StatusChanged,
)
from avatar.core.floor import FloorControl
from avatar.core.ids import Ids
from avatar.core.purchases import Purchases
from avatar.core.refusal import Refusal
from avatar.core.server_events import EventKind, ServerEvent, parse_event
from avatar.core.session import Session, SessionState
from avatar.core.sessions import Sessions
from avatar.core.sink import Sink
from avatar.core.status import BY_REFUSAL, AvatarReason, AvatarStatus
from avatar.core.timeline import Timeline
from avatar.core.timings import Timings
from avatar.core.utterance import Utterance
from avatar.core.wish import WISH_TRANSITIONS, Wish, WishTrigger
from avatar.core.words import Word

_SPEECH_EVENTS = {
    EventKind.STARTED,
    EventKind.SILENT,
    EventKind.ENDED,
    EventKind.COMMITTED,
    EventKind.APPENDED,
}


class AvatarMachine:
    """Everything that is decided about the speech and the avatar of one call.

    Every captured segment is finished exactly once, whatever the service does, and every session that was started is
    stopped.

    Args:
        name: Start of event ids and of nothing else; unique for each machine of a process.
        now: Monotonic seconds.
        identity: Of the avatar in the room; a later session of the call has a number behind it.
        can_publish: True if a fallback track can be published in the room.
        can_mute: True if the others in the room can be kept from hearing an avatar.
        sees_room: True if the machine is told which avatars are in the room.
        replaceable: False if the call has one session only, which runs until the call ends (a hosted room).
        chunking: Sizes and pace of chunks.
        timings: Waits and limits.
        jitter: Gives numbers from 0 to 1.
    """

    def __init__(
        self,
        name: str,
        now: float,
        *,
        identity: str = "avatar",
        can_publish: bool = False,
        can_mute: bool = False,
        sees_room: bool = False,
        replaceable: bool = True,
        chunking: Chunking | None = None,
        timings: Timings | None = None,
        jitter: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self._t = timings or Timings()
        self._ids = Ids(name)
        self._timeline = Timeline(self._ids, chunking or Chunking(), end_timeout=self._t.end)
        self._sessions = Sessions(
            self._t,
            Purchases(self._t, jitter),
            identity,
            sees_room=sees_room,
            replaceable=replaceable,
            on_leave=self._take_back_from,
        )
        self._floor = FloorControl(self._t, can_publish=can_publish, can_mute=can_mute, now=now)
        self._can_publish = can_publish
        self._replaceable = replaceable
        self._wish = Wish.ENGAGED
        self._status = AvatarStatus(is_live=False)
        self._events: deque[Event] = deque()
        self._fallback_controls: deque[Interrupt] = deque()
        self._user_speaks = False
        self._paused = False
        self._resumed_at = now
        self._now = now
        self._settle(now)

    # What there is to see

    @property
    def sessions(self) -> list[Session]:
        """Every session that was asked for, in order."""
        return self._sessions.all

    @property
    def current(self) -> Session | None:
        """The session that speaks, or is about to."""
        return self._sessions.current

    @property
    def is_over(self) -> bool:
        """True when the machine was closed and nothing is left to be stopped."""
        return self._wish is Wish.CLOSED and not any(
            session.is_alive and not (session.state is SessionState.STOP_FAILED and session.until is None)
            for session in self.sessions
        )

    def seconds_used(self, now: float) -> float:
        """Seconds of sessions, all together."""
        return sum(session.seconds_used(now) for session in self.sessions)

    def unplayed(self, now: float) -> float:
        """Seconds captured and not played."""
        return self._timeline.unplayed(now)

    def played(self, now: float) -> float:
        """Seconds played of the segment that is being played; 0 if there is none."""
        return self._timeline.played(now)

    def avatar_sounds(self, now: float) -> bool:
        """True while the avatar says that it plays, and what it played last was sound."""
        return self._floor.has_avatar and self._timeline.playing and self._timeline.sounds(now)

    # What the framework does

    def push_audio(self, pcm: bytes, now: float, words: Iterable[Word] = ()) -> bool:
        """Capture speech. The first after a flush or an interrupt opens a segment.

        Args:
            pcm: PCM16 24 kHz mono.
            now: Monotonic seconds.
            words: The words in it that text to speech has timed, in order: cut speech goes on at the start of one.

        Returns:
            True if something may be due, so that commands and the deadline have to be asked for.

        Raises:
            ValueError: `pcm` is not whole samples.
        """
        self._now = now
        was_empty = self._timeline.empty
        may_be_due = self._timeline.push(pcm, now, words)
        if was_empty:
            self._settle(now)
        return may_be_due or was_empty

    def end_segment(self, now: float) -> None:
        """Complete the open segment, if there is one (the framework's `flush`)."""
        self._timeline.seal()
        # Not while capturing: the framework counts a segment after its first frame.
        if self._floor.drops:
            self._timeline.finish_all(now)
        self._settle(now)

    def interrupt(self, now: float) -> None:
        """Drop all speech (the framework's `clear_buffer`): every open segment is finished where it was played to."""
        self._silence(self._timeline.finish_all(now), now)
        self._timeline.open_next()
        self._settle(now)

    def pause(self, now: float) -> None:
        """Fall silent, and keep the rest for `resume`."""
        self._paused = True
        self._silence(self._timeline.take_back(now), now)
        self._settle(now)

    def resume(self, now: float) -> None:
        """Say the rest."""
        if self._paused:
            self._paused = False
            self._resumed_at = now
        self._settle(now)

    def user_speaks(self, now: float, *, speaking: bool) -> None:
        """The user begins or ends to speak: the avatar takes or leaves the listening pose, unless it speaks."""
        self._user_speaks = speaking
        session = self._speaker
        if session is not None and session.is_ready and self._timeline.empty:
            pose = StartListening if speaking else StopListening
            session.controls.append(pose(self._ids.mint("pose")))
        self._settle(now)

    def release(self, detail: str, now: float) -> None:
        """Do without the avatar until `engage`: its sessions are stopped, and the fallback track speaks.

        Without effect in a hosted room, which would end with its session.
        """
        if self._replaceable and WishTrigger.RELEASE in WISH_TRANSITIONS[self._wish]:
            self._wish_for(WishTrigger.RELEASE)
            self._dismiss_avatar(detail, now)
            self._tell_status(AvatarReason.RELEASED, detail)
        self._settle(now)

    def engage(self, now: float) -> None:
        """Have an avatar again."""
        if WishTrigger.ENGAGE in WISH_TRANSITIONS[self._wish]:
            self._wish_for(WishTrigger.ENGAGE)
            self._sessions.want_again()
            self._tell_status(AvatarReason.STARTING, "")
        self._settle(now)

    def close(self, now: float) -> None:
        """End it all: speech is finished as interrupted, and sessions are stopped after their last word."""
        if self._wish is not Wish.CLOSED:
            self._wish_for(WishTrigger.CLOSE)
            self._silence(self._timeline.finish_all(now), now)
            self._dismiss_avatar("the call is over", now)
            self._sessions.stop_all(now)
            self._floor.close(now)
            self._tell_status(AvatarReason.CLOSED, "closed")
        self._settle(now)

    # What the service answers

    def session_started(
        self, number: int, session_id: str, max_duration: float | None, now: float, *, already_ran: float = 0.0
    ) -> None:
        """A session runs.

        Args:
            number: Of the `StartSession`.
            session_id: The service's.
            max_duration: Seconds after which the service ends it; None if that is not known.
            now: Monotonic seconds.
            already_ran: Seconds for which it has run before it was this machine's.
        """
        session = self._sessions.by_number(number)
        session.asked_at -= already_ran
        self._sessions.started(session, session_id, max_duration, now)
        self._settle(now)

    def session_refused(
        self,
        number: int,
        refusal: Refusal,
        now: float,
        *,
        detail: str = "",
        retry_after: float | None = None,
        may_run: bool = False,
    ) -> None:
        """The service gave no session.

        Args:
            number: Of the `StartSession`.
            refusal: Why.
            now: Monotonic seconds.
            detail: The same for operators.
            retry_after: Seconds that the service asked to wait.
            may_run: True if it may have started one all the same; it is stopped.
        """
        session = self._sessions.by_number(number)
        goes_on = self._sessions.refused(session, refusal, retry_after, detail, now, may_run=may_run)
        if self._sessions.current is None:
            self._leave_floor(now, fallback_at=now)
            self._tell_status(BY_REFUSAL[refusal], detail)
        if not goes_on:
            self._give_up(refusal, detail, now)
        self._settle(now)

    def session_stopped(self, number: int, now: float) -> None:
        """The service has confirmed a stop, or the session was over already."""
        self._sessions.stopped(self._sessions.by_number(number), now)
        self._settle(now)

    def stop_failed(self, number: int, now: float) -> None:
        """A stop was not confirmed."""
        self._sessions.stop_failed(self._sessions.by_number(number), now)
        self._settle(now)

    # What the sockets do

    def socket_opened(self, number: int, now: float) -> None:
        """A socket to a session is open."""
        self._sessions.socket_opened(self._sessions.by_number(number), now)
        self._settle(now)

    def socket_lost(self, number: int, detail: str, now: float, *, session_over: bool = False) -> None:
        """The socket of a session is gone, or could not be opened.

        Args:
            number: Of the session.
            detail: What happened, for operators.
            now: Monotonic seconds.
            session_over: True if the session is known to be over: another socket is useless.
        """
        session = self._sessions.by_number(number)
        session.must_clear |= any(isinstance(command, Interrupt) for command in session.controls)
        if session is self._speaker and self._floor.has_avatar:
            utterance = self._timeline.take_back(now)
            session.must_clear |= utterance is not None
            self._leave_floor(now, fallback_at=now + self._t.fallback, utterance=utterance)
        self._sessions.socket_lost(session, detail, now, session_over=session_over)
        self._settle(now)

    def receive_text(self, number: int, text: str, now: float) -> None:
        """Take a text frame of the service. Nothing in it raises."""
        session, event = self._sessions.by_number(number), parse_event(text)
        match event.kind:
            case EventKind.CONNECTED:
                self._sessions.connected(session, now)
            case EventKind.SESSION_ENDED:
                if session.is_used:
                    self._leave(session, f"the service ended the session: {event.detail}", now)
            case EventKind.FAULT | EventKind.UNREADABLE:
                self._events.append(ServiceFault(number, event.source or "unreadable", event.detail))
            case EventKind.CLEARED:
                self._on_cleared(session, event)
            case kind if kind in _SPEECH_EVENTS:
                self._on_speech_event(session, event, now)
        self._settle(now)

    # What happens in the room

    def room_changed(self, now: float, *, is_there: bool) -> None:
        """The agent's own connection to the room is there, or is gone."""
        self._sessions.room_is_there = is_there
        self._settle(now)

    def avatar_joined(self, identity: str, now: float) -> None:
        """A participant has come into the room."""
        self._sessions.joined(identity, now)
        self._settle(now)

    def avatar_left(self, identity: str, now: float) -> None:
        """A participant has left the room."""
        for session in self.sessions:
            if session.identity == identity:
                self._floor.avatar_absent(session, now)
        self._sessions.left_room(identity, now)
        self._settle(now)

    def avatar_unheard(self, since: float, now: float) -> None:
        """The avatar says that it plays, and nothing of it was heard in the room `since` then: that is said again."""
        session = self._speaker
        if session is not None and self._floor.has_avatar and self._timeline.playing:
            self._timeline.take_back(since)
            session.controls.append(Interrupt(self._ids.mint("interrupt")))
            self._leave(session, "no sound of the avatar arrives in the room", now)
        self._settle(now)

    def avatar_muted(self, identity: str, now: float, *, done: bool) -> None:
        """The room's server has carried out a `MuteAvatar`, or has not."""
        for session in self.sessions:
            if session.identity == identity:
                self._floor.muted(session, now, done=done)
        self._settle(now)

    def fallback_published(self, now: float) -> None:
        """The fallback track is in the room."""
        self._floor.track_published()
        self._settle(now)

    def fallback_lost(self, now: float) -> None:
        """The fallback track could not be published, or is gone."""
        if self._floor.has_fallback:
            self._timeline.take_back(now)
        self._fallback_controls.clear()
        self._floor.track_lost(now)
        self._settle(now)

    def fallback_reports(self, kind: EventKind, event_id: str, now: float) -> None:
        """The fallback track plays (STARTED), has played all it has (SILENT), or an utterance to its end (ENDED)."""
        utterance = self._timeline.utterance
        if self._floor.has_fallback and utterance is not None and utterance.event_id == event_id:
            self._timeline.hear(ServerEvent(kind, event_id), now, acknowledged=False)
        self._settle(now)

    # Time

    def next_timeout(self) -> float | None:
        """When `handle_timeout` is to be called; None if nothing depends on time."""
        now, timeline = self._now, self._timeline
        speaker = self._speaker
        instants = (
            timeline.chunk_due_at() if self._may_speak else None,
            timeline.overdue_at(),
            self._sessions.next_timeout(now),
            self._floor.next_timeout(self._available, now, waiting=self._waits),
            self._drop_at(),
            None if speaker is None else speaker.stale.ignoring_until,
        )
        return min((at for at in instants if at is not None and at > now), default=None)

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        self._settle(now)

    # What comes out

    def next_event(self) -> Event | None:
        """The next thing that has happened; ask again until there is none."""
        return self._events.popleft() if self._events else None

    def next_action(self) -> Action | None:
        """The next thing to be done outside; ask again until there is none."""
        for actions in (self._sessions.actions, self._floor.actions):
            if actions:
                return actions.popleft()
        return None

    def next_command(self, number: int, now: float) -> Command | None:
        """What to send to a session now; ask again until there is nothing. What was returned counts as sent."""
        self._now = now
        session = self._sessions.by_number(number)
        if not session.has_socket or session.state not in {SessionState.READY, SessionState.LINGERING}:
            return None
        command = session.controls.popleft() if session.controls else self._next_of_speech(session, now)
        if isinstance(command, Interrupt):
            self._floor.interrupt_sent(session, now)
        elif isinstance(command, SpeakEnd):
            session.stale.ended()
        if command is not None:
            session.keep_alive_at = now + self._t.keep_alive
            self._collect()
        return command

    def next_fallback_command(self, now: float) -> Speak | SpeakEnd | Interrupt | None:
        """What the fallback track is to do now; ask again until there is nothing."""
        self._now = now
        if self._fallback_controls:
            return self._fallback_controls.popleft()
        if not self._floor.has_fallback or self._paused:
            return None
        command = self._timeline.next_command(now, self._t.speech)
        self._collect()
        return command

    def _next_of_speech(self, session: Session, now: float) -> Speak | SpeakEnd | None:
        if self._paused or not self._floor.has_avatar or session is not self._speaker or not session.is_ready:
            return None
        patience = self._t.speech if session.has_spoken else self._t.first_speech
        return self._timeline.next_command(now, patience)

    # Decisions

    def _settle(self, now: float) -> None:
        """Decide everything that can be decided now."""
        self._now = now
        self._end_stale_wait(now)
        self._end_overdue(now)
        self._drop_if_due(now)
        self._sessions.decide(now, between=self._timeline.between, last_word_at=self._timeline.ended_at)
        self._keep_alive(now)
        self._prepare_ready_session()
        self._settle_floor(now)
        self._collect()
        if not self._replaceable and self._wish is Wish.ENGAGED and self.sessions and self.current is None:
            self._give_up(Refusal.ROOM_GONE, "the hosted session is gone", now)

    def _settle_floor(self, now: float) -> None:
        before = self._floor.floor
        if self._floor.decide(self._available, now, between=self._timeline.between, waiting=self._waits):
            self._on_floor_moved()
        if self._available is not None:
            self._tell_live()
        elif self._floor.has_fallback and self._floor.floor is not before and self._status.is_live:
            self._tell_status(AvatarReason.LOST, "the avatar's WebSocket is away")

    def _on_floor_moved(self) -> None:
        if self._floor.has_avatar:
            self._events.append(SinkChanged(Sink.AVATAR))
        elif self._floor.has_fallback:
            self._events.append(SinkChanged(Sink.FALLBACK))

    def _end_stale_wait(self, now: float) -> None:
        """An interrupt stays unconfirmed: what the avatar plays is the utterance that it got since."""
        session, utterance = self._speaker, self._timeline.utterance
        if session is None or session.stale.ignoring_until is None or session.stale.ignoring_until > now:
            return
        playing_since = session.stale.give_up()
        if playing_since is not None and utterance is not None and self._floor.has_avatar:
            self._hear_start(session, max(playing_since, utterance.since))

    def _end_overdue(self, now: float) -> None:
        """The sink did not play what it was sent. The session is useless then; there is no second fallback track."""
        overdue_at = self._timeline.overdue_at()
        if overdue_at is None or overdue_at > now or self._timeline.end_if_played(now):
            return
        session = self._speaker
        if self._floor.has_avatar and session is not None:
            self._leave(session, "the avatar does not play what it was sent", now)
        else:
            self._timeline.finish_all(now)

    def _drop_if_due(self, now: float) -> None:
        drop_at = self._drop_at()
        if drop_at is not None and drop_at <= now:
            self._floor.give_up(now)
            self._timeline.finish_all(now)

    def _drop_at(self) -> float | None:
        since = self._timeline.waits_since
        return None if since is None or self._paused else self._floor.drop_at(max(since, self._resumed_at))

    def _keep_alive(self, now: float) -> None:
        for session in self._sessions.alive:
            if session.is_ready and session.keep_alive_at is not None and session.keep_alive_at <= now:
                session.keep_alive_at = now + self._t.keep_alive
                session.controls.append(KeepAlive(self._ids.mint("keep-alive")))

    def _prepare_ready_session(self) -> None:
        """On a new socket an interrupt goes first, if the avatar may still play what was taken back."""
        session = self._sessions.current
        if session is not None and session.is_ready and session.must_clear:
            session.must_clear = False
            session.controls.appendleft(Interrupt(self._ids.mint("interrupt")))

    def _give_up(self, refusal: Refusal, detail: str, now: float) -> None:
        self._wish_for(WishTrigger.GIVE_UP)
        self._dismiss_avatar(detail, now)
        if not self._can_publish:
            self._floor.give_up(now)
            self._timeline.finish_all(now)
        self._tell_status(BY_REFUSAL[refusal], detail)
        self._events.append(AvatarGone(refusal, detail))

    def _wish_for(self, trigger: WishTrigger) -> None:
        self._wish = WISH_TRANSITIONS[self._wish][trigger]
        self._sessions.is_wanted = self._wish is Wish.ENGAGED

    def _dismiss_avatar(self, detail: str, now: float) -> None:
        self._sessions.leave_all(detail, now, last_word_at=self._timeline.ended_at)
        self._leave_floor(now, fallback_at=now)

    # Leaving a session

    def _leave(self, session: Session, detail: str, now: float) -> None:
        """Leave a session that failed."""
        self._sessions.leave(session, detail, now, failed=True)

    def _take_back_from(self, session: Session, now: float) -> None:
        """A session is about to be left: its speech goes to the next sink, and it is interrupted."""
        if session is not self._speaker or not self._floor.has_avatar:
            session.controls.clear()
            return
        utterance = self._timeline.take_back(now)
        session.controls = deque(command for command in session.controls if isinstance(command, Interrupt))
        if utterance is not None and session.has_socket:
            session.controls.append(Interrupt(self._ids.mint("interrupt")))
        is_followed = self._sessions.next is not None and self._sessions.next.is_ready
        fallback_at = now + (self._t.fallback + self._t.tail if is_followed else 0.0)
        self._leave_floor(now, fallback_at=fallback_at, utterance=utterance)

    def _leave_floor(self, now: float, *, fallback_at: float, utterance: Utterance | None = None) -> None:
        silent_at = now if utterance is None else utterance.silent_by
        self._floor.avatar_lost(now, fallback_at=fallback_at, silent_at=silent_at)

    def _silence(self, utterance: Utterance | None, now: float) -> None:
        """Interrupt an utterance that was dropped. The avatar listens then (the service's guide for agents)."""
        if utterance is None:
            return
        interrupt = Interrupt(self._ids.mint("interrupt"))
        session = self._speaker
        if self._floor.has_fallback:
            self._fallback_controls.append(interrupt)
        elif session is not None:
            session.controls.append(interrupt)
            session.controls.append(StartListening(self._ids.mint("pose")))
            session.stale.interrupted(interrupt.event_id, utterance, now)

    # What the service says

    def _on_cleared(self, session: Session, event: ServerEvent) -> None:
        playing_since, utterance = session.stale.cleared(event), self._timeline.utterance
        if playing_since is None or utterance is None or session is not self._speaker:
            return
        if playing_since >= utterance.since:
            self._hear_start(session, playing_since)

    def _hear_start(self, session: Session, at: float) -> None:
        session.has_spoken = True
        self._timeline.hear(ServerEvent(EventKind.STARTED), at, acknowledged=session.stale.acknowledges)

    def _on_speech_event(self, session: Session, event: ServerEvent, now: float) -> None:
        has_floor = session is self._speaker and self._floor.has_avatar
        utterance = self._timeline.utterance if has_floor else None
        is_past = self._timeline.is_past(event.source)
        if not session.stale.accepts(event, utterance, now, is_past=is_past) or not has_floor:
            return
        session.has_spoken |= event.kind is EventKind.STARTED and utterance is not None
        if self._timeline.hear(event, now, acknowledged=session.stale.acknowledges):
            self._leave(session, "the service has cut the speech off", now)

    # Status

    @property
    def _speaker(self) -> Session | None:
        """The session that has the floor, or had it last."""
        return self._floor.session

    @property
    def _available(self) -> Session | None:
        """The current session, if it takes commands."""
        current = self._sessions.current
        return current if current is not None and current.is_ready else None

    @property
    def _waits(self) -> bool:
        """True if there is speech that no sink has."""
        return not self._timeline.empty and not self._paused

    @property
    def _may_speak(self) -> bool:
        return not self._paused and (self._floor.has_avatar or self._floor.has_fallback)

    def _tell_live(self) -> None:
        if not self._status.is_live:
            self._change_status(AvatarStatus(is_live=True, reason=None))

    def _tell_status(self, reason: AvatarReason, detail: str) -> None:
        self._change_status(AvatarStatus(is_live=False, reason=reason, detail=detail))

    def _change_status(self, status: AvatarStatus) -> None:
        if status != self._status:
            self._status = status
            self._events.append(StatusChanged(status))

    def _collect(self) -> None:
        """Put the events of the parts in their order."""
        for source in (self._timeline.events, self._sessions.events):
            for event in source:
                self._events.append(event)
                self._react(event)
            source.clear()

    def _react(self, event: Event) -> None:
        match event:
            case SessionLeft(failed=True, detail=detail) if self._available is None:
                self._tell_status(AvatarReason.LOST, detail)
            case PlaybackFinished(interrupted=False) if self._timeline.empty and self._speaker is not None:
                if self._floor.has_avatar:
                    # The avatar listens after its own last word (the service's guide for agents).
                    self._speaker.controls.append(StartListening(self._ids.mint("pose")))
            case _:
                pass
