"""The machine: it takes facts, and returns commands, events, actions and the next deadline.

Nothing here waits, reads a clock or does I/O. Every method whose result depends on time takes `now`, monotonic seconds.
The driver reports facts, carries out `next_action`, dispatches `next_event`, sends `next_command` to each open socket
until there is none, and calls `handle_timeout` at `next_timeout`. A command is created only when it is requested,
so audio that an interrupt drops is never encoded.
"""

from collections.abc import Callable, Sequence

from avatar.core.actions import Action
from avatar.core.chunking import Chunking
from avatar.core.commands import Command, Interrupt, Speak, SpeakEnd
from avatar.core.coordinator import Coordinator
from avatar.core.deadline import next_after
from avatar.core.events import Event, ServiceFault
from avatar.core.ids import Ids
from avatar.core.playback import Playback
from avatar.core.purchases import Purchases
from avatar.core.refusal import Refusal
from avatar.core.server_events import EventKind, parse_event
from avatar.core.session import Session, SessionState
from avatar.core.sessions import Sessions
from avatar.core.sink import Sink
from avatar.core.timings import Timings
from avatar.core.words import Word

_TAKES_COMMANDS = {SessionState.READY, SessionState.LINGERING}


class AvatarMachine:
    """The decisions about the speech and the avatar of one call.

    Every captured segment is finished exactly once, and every session that was started is stopped.

    Args:
        name: Start of event ids; unique for each machine of a process.
        now: Monotonic seconds.
        identity: The avatar's identity in the room; later sessions of the call append a number to it.
        avatar_id: The avatar's id at the service.
        can_publish: True if a fallback track can be published in the room.
        can_mute: True if an avatar can be muted for the others in the room.
        sees_room: True if the machine gets facts about the room.
        replaceable: False if the call has one session only, which runs until the call ends (a hosted room).
        chunking: Sizes and pace of chunks.
        timings: Waits and limits.
        jitter: Returns numbers from 0 to 1.
    """

    def __init__(
        self,
        name: str,
        now: float,
        *,
        identity: str = "avatar",
        avatar_id: str = "",
        can_publish: bool = False,
        can_mute: bool = False,
        sees_room: bool = False,
        replaceable: bool = True,
        chunking: Chunking | None = None,
        timings: Timings | None = None,
        jitter: Callable[[], float] = lambda: 0.5,
    ) -> None:
        self._t = timings or Timings()
        self._playback = Playback(
            Ids(name), chunking or Chunking(), self._t, can_publish=can_publish, can_mute=can_mute, now=now
        )
        self._sessions = Sessions(
            self._t,
            Purchases(self._t, jitter),
            identity,
            avatar_id,
            sees_room=sees_room,
            replaceable=replaceable,
            on_leave=self._playback.avatar_lost,
        )
        self._coordinator = Coordinator(
            self._playback, self._sessions, can_publish=can_publish, replaceable=replaceable
        )
        self._now = now
        self._settle(now)

    @property
    def sessions(self) -> list[Session]:
        """Every session that was asked for, in order."""
        return self._sessions.all

    @property
    def avatar_id(self) -> str:
        """The wanted avatar's id at the service."""
        return self._sessions.avatar_id

    @property
    def current(self) -> Session | None:
        """The session that speaks, or is about to."""
        return self._sessions.current

    @property
    def sink(self) -> Sink | None:
        """The sink that plays speech now; None while speech waits for a sink, or is dropped."""
        floor = self._playback.floor
        return Sink.AVATAR if floor.has_avatar else Sink.FALLBACK if floor.has_fallback else None

    @property
    def is_over(self) -> bool:
        """True when the machine was closed and nothing is left to be stopped."""
        return self._coordinator.is_over

    @property
    def has_speech(self) -> bool:
        """True while a captured segment is not over."""
        return not self._playback.timeline.empty

    @property
    def held_seconds(self) -> float:
        """Seconds captured of all segments that are not over."""
        return self._playback.timeline.held_seconds

    @property
    def unneeded_bytes(self) -> int:
        """Bytes that may be captured before something may be due, if nothing else happens."""
        return self._playback.timeline.unneeded_bytes

    def played(self, now: float) -> float:
        """Return the seconds played of the segment that is being played; 0 if there is none."""
        return self._playback.timeline.played(now)

    def playhead(self, now: float) -> float:
        """Return the sink's position in that segment, in seconds; it goes back to a word that is repeated."""
        return self._playback.timeline.playhead(now)

    def avatar_sounds(self, now: float) -> bool:
        """Return whether the avatar says that it plays, and played sound in the last second."""
        return self._playback.avatar_sounds(now)

    # What the framework does

    def push_audio(self, pcm: bytes, now: float, words: Sequence[Word] = ()) -> bool:
        """Capture speech. The first after a flush or an interrupt opens a segment.

        Args:
            pcm: PCM16 24 kHz mono.
            now: Monotonic seconds.
            words: The words in it that the TTS has timed, in order: cut speech continues at the start of a word.

        Returns:
            True if something may be due: then ask for commands and the deadline.

        Raises:
            ValueError: `pcm` is not whole samples.
        """
        self._now = now
        timeline = self._playback.timeline
        was_empty = not timeline.held_seconds
        may_be_due = timeline.push(pcm, now, words)
        if was_empty:
            self._settle(now)
        return may_be_due or was_empty

    def end_segment(self, now: float) -> None:
        """Complete the open segment, if there is one (the framework's `flush`)."""
        self._playback.seal(now)
        self._settle(now)

    def interrupt(self, now: float) -> None:
        """Drop all speech (the framework's `clear_buffer`): each segment is finished at its played position."""
        self._playback.interrupt(now)
        self._settle(now)

    def pause(self, now: float) -> None:
        """Fall silent, and keep the rest for `resume`."""
        self._playback.pause(now)
        self._settle(now)

    def resume(self, now: float) -> None:
        """Say the rest."""
        self._playback.resume(now)
        self._settle(now)

    def user_speaks(self, now: float, *, speaking: bool) -> None:
        """Let the avatar take the listening pose while the user speaks, and leave it afterwards, unless it speaks."""
        self._playback.pose(listening=speaking)
        self._settle(now)

    def release(self, detail: str, now: float) -> None:
        """Stop the avatar's session; the fallback track speaks until `engage`. No-op in a hosted room."""
        self._coordinator.release(detail, now)
        self._settle(now)

    def engage(self, now: float) -> None:
        """Ask for an avatar again."""
        self._coordinator.engage()
        self._settle(now)

    def change_avatar(self, avatar_id: str, now: float) -> None:
        """Switch to another avatar, with the next session. No-op in a hosted room."""
        self._coordinator.change_avatar(avatar_id)
        self._settle(now)

    def close(self, now: float) -> None:
        """End the call: finish the speech as interrupted, and stop the sessions after their last speech was heard."""
        self._coordinator.close(now)
        self._settle(now)

    # What the service answers

    def session_started(
        self, number: int, session_id: str, max_duration: float | None, now: float, *, already_ran: float = 0.0
    ) -> None:
        """Note that a session runs.

        Args:
            number: The session's number in the `StartSession`.
            session_id: The service's id of the session.
            max_duration: Seconds after which the service ends it; None if that is not known.
            now: Monotonic seconds.
            already_ran: Seconds for which it had run before this machine got it.
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
        """Note that the service refused a session, or did not answer.

        Args:
            number: The session's number in the `StartSession`.
            refusal: The reason.
            now: Monotonic seconds.
            detail: The reason, for operators.
            retry_after: Seconds that the service asked to wait.
            may_run: True if the service may have started the session nevertheless; it is then stopped.
        """
        session = self._sessions.by_number(number)
        goes_on = self._sessions.refused(session, refusal, retry_after, detail, now, may_run=may_run)
        self._coordinator.refused(refusal, detail, now, is_final=not goes_on)
        self._settle(now)

    def session_cancelled(self, number: int, now: float) -> None:
        """Note that a `CancelStart` was in time: the service was not asked to start the session."""
        self._sessions.cancelled(self._sessions.by_number(number), now)
        self._settle(now)

    def session_stopped(self, number: int, now: float) -> None:
        """Note that the service has confirmed a stop, or that the session was already over."""
        self._sessions.stopped(self._sessions.by_number(number), now)
        self._settle(now)

    def stop_failed(self, number: int, now: float) -> None:
        """Note that a stop was not confirmed."""
        self._sessions.stop_failed(self._sessions.by_number(number), now)
        self._settle(now)

    # What the sockets do

    def socket_opened(self, number: int, now: float) -> None:
        """Note that a socket to a session is open."""
        self._sessions.socket_opened(self._sessions.by_number(number), now)
        self._settle(now)

    def socket_lost(self, number: int, detail: str, now: float, *, session_over: bool = False) -> None:
        """Note that the socket of a session was lost, or could not be opened.

        Args:
            number: The session's number.
            detail: What happened, for operators.
            now: Monotonic seconds.
            session_over: True if the session is known to be over: another socket is useless.
        """
        session = self._sessions.by_number(number)
        session.has_socket = False
        self._playback.avatar_lost(session, now, fallback_at=now + self._t.fallback)
        self._sessions.socket_lost(session, detail, now, session_over=session_over)
        self._settle(now)

    def receive_text(self, number: int, text: str, now: float) -> bool:
        """Handle a text frame of the service; return as `push_audio`. No content of the frame raises."""
        session, event = self._sessions.by_number(number), parse_event(text)
        match event.kind:
            case EventKind.CONNECTED:
                self._sessions.connected(session, now)
            case EventKind.SESSION_ENDED:
                self._sessions.leave_used(session, f"the service ended the session: {event.detail}", now)
            case EventKind.FAULT | EventKind.UNREADABLE:
                self._coordinator.events.append(ServiceFault(number, event.source or "unreadable", event.detail))
            case EventKind.CLEARED:
                self._playback.hear_cleared(session, event)
            case EventKind.OTHER:
                return False
            case _ if self._playback.hear(session, event, now):
                self._sessions.leave_used(session, "the service has cut the speech off", now)
            case EventKind.APPENDED:
                return False
        self._settle(now)
        return True

    # What happens in the room

    def room_changed(self, now: float, *, is_there: bool) -> None:
        """Note whether the agent itself is connected to the room."""
        self._sessions.room_is_there = is_there
        self._settle(now)

    def avatar_joined(self, identity: str, now: float) -> None:
        """Note that a participant has joined the room."""
        self._sessions.joined(identity, now)
        self._settle(now)

    def avatar_left(self, identity: str, now: float) -> None:
        """Note that a participant has left the room."""
        for session in self._sessions.by_identity(identity):
            self._playback.floor.avatar_absent(session, now)
        self._sessions.left_room(identity, now)
        self._settle(now)

    def avatar_unheard(self, since: float, now: float) -> None:
        """Note that the avatar was not heard in the room since `since`, although it says that it plays: repeat that."""
        session = self._playback.floor.session
        if session is not None and self._playback.avatar_sounds(now):
            # The speech counts as played until `since`; the rest is taken back when the session is left.
            self._playback.avatar_lost(session, since, fallback_at=now)
            self._sessions.leave_used(session, "no sound of the avatar arrives in the room", now)
        self._settle(now)

    def avatar_muted(self, identity: str, now: float, *, done: bool) -> None:
        """Note whether the room's server has carried out a `MuteAvatar`."""
        for session in self._sessions.by_identity(identity):
            self._playback.floor.muted(session, now, done=done)
        self._settle(now)

    def fallback_published(self, now: float) -> None:
        """Note that the fallback track is in the room."""
        self._playback.floor.track_published()
        self._settle(now)

    def fallback_lost(self, now: float) -> None:
        """Note that the fallback track could not be published, or was lost."""
        self._playback.fallback_lost(now)
        self._settle(now)

    def fallback_reports(self, kind: EventKind, event_id: str, now: float) -> None:
        """Note that the fallback track plays (STARTED), has run out of audio (SILENT), or has played it all (ENDED)."""
        self._playback.hear_fallback(kind, event_id, now)
        self._settle(now)

    # Time and results

    def next_timeout(self) -> float | None:
        """Return when to call `handle_timeout`; None if nothing depends on time."""
        of_playback = self._playback.next_timeout(self._sessions.available, self._now)
        return next_after(self._now, (of_playback, self._sessions.next_timeout(self._now)))

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        self._settle(now)

    def next_event(self) -> Event | None:
        """Return the next event; call again until there is none."""
        events = self._coordinator.events
        return events.popleft() if events else None

    def next_action(self) -> Action | None:
        """Return the next action; call again until there is none."""
        for actions in (self._sessions.actions, self._playback.floor.actions):
            if actions:
                return actions.popleft()
        return None

    def next_command(self, number: int, now: float) -> Command | None:
        """Return the next command to send to a session now; call again until there is none. It counts as sent."""
        self._now = now
        session = self._sessions.by_number(number)
        if not session.has_socket or session.state not in _TAKES_COMMANDS:
            return None
        command = self._playback.next_command(session, now)
        if command is not None:
            self._coordinator.collect()
        return command

    def next_fallback_command(self, now: float) -> Speak | SpeakEnd | Interrupt | None:
        """Return the next command for the fallback track now; call again until there is none."""
        self._now = now
        command = self._playback.next_fallback_command(now)
        self._coordinator.collect()
        return command

    def _settle(self, now: float) -> None:
        self._now = now
        self._coordinator.settle(now)
