"""The core: what the framework captures and what the service says go in, commands and events come out.

Nothing here waits, reads a clock or does I/O. Every method that something depends on takes `now`, monotonic seconds.
The shell feeds it, sends `next_command` until there is none, dispatches `events`, and calls `handle_timeout` at
`next_timeout`. A command is made at the moment it is asked for, so what an interrupt drops was never written down.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from avatar.core import signs
from avatar.core.chunking import Chunking
from avatar.core.commands import Command, Interrupt, KeepAlive, StartListening, StopListening
from avatar.core.events import Connected, Event, ServiceFault, SessionEnded, Unresponsive
from avatar.core.ids import Ids
from avatar.core.link import LINKS, Change, Link
from avatar.core.signs import Kind, Sign
from avatar.core.speech import Speech
from avatar.core.timeline import Timeline
from avatar.core.words import Word

_SPEECH_SIGNS = {Kind.TALKING, Kind.QUIET, Kind.ENDED, Kind.COMMITTED, Kind.APPENDED}


@dataclass(frozen=True, slots=True)
class Timings:
    """How long to wait for the service, in seconds."""

    connected: float = 10.0
    """For `connected` after the connection is open. Clients in the field wait 10 to 15 s."""
    start: float = 5.0
    """For a sign of speech after audio was handed over; about 0.2 s have been seen."""
    end: float = 2.0
    """For the end, after the clock has come to it."""
    interrupt: float = 1.0
    """For the confirmation of an interrupt; about 0.2 s have been seen."""
    keep_alive: float = 60.0
    """Without a command, before `session.keep_alive`; the service ends an idle session after 5 minutes."""


class AvatarProtocol:
    """The client's side of a LITE session, without the session's sockets.

    Every captured segment is finished exactly once, whatever the service does.

    Args:
        name: What event ids start with; unique for each protocol of a process.
        chunking: Sizes of chunks.
        timings: How long to wait for the service.
    """

    def __init__(self, name: str, *, chunking: Chunking | None = None, timings: Timings | None = None) -> None:
        self._timings = timings or Timings()
        self._ids = Ids(name)
        self._timeline = Timeline(
            self._ids,
            chunking or Chunking(),
            start_timeout=self._timings.start,
            end_timeout=self._timings.end,
        )
        self._link = Link.AWAY
        self._paused = False
        self._controls: deque[Command] = deque()
        self._clears_on_connect = False
        self._acknowledges = False  # whether the service confirms what it gets
        self._talks_since: float | None = None  # what the service said last, whatever it was about
        self._confirmations: set[str] = set()  # ids that confirm the last interrupt
        self._deaf_until: float | None = None  # the last interrupt is not confirmed: signs are about what it dropped
        self._connected_by: float | None = None
        self._keep_alive_at: float | None = None
        self._now = 0.0

    def unplayed(self, now: float) -> float:
        """Seconds captured and not played."""
        return self._timeline.unplayed(now)

    def played(self, now: float) -> float:
        """Seconds played of the segment that is being played; 0 if there is none."""
        return self._timeline.played(now)

    # What the framework does

    def push_audio(self, pcm: bytes, now: float, words: Iterable[Word] = ()) -> None:
        """Capture speech. The first after a flush or an interrupt opens a segment.

        Args:
            pcm: PCM16 24 kHz mono.
            now: Monotonic seconds.
            words: In their order, what the voice tells of them: speech that was cut goes on at the start of one.

        Raises:
            ValueError: `pcm` is not whole samples.
        """
        self._now = now
        self._timeline.push(pcm, now, words)

    def end_segment(self, now: float) -> None:
        """The open segment is complete (the framework's `flush`). Without one, nothing happens."""
        self._now = now
        self._timeline.seal()
        if self._link is Link.CLOSED:  # not while capturing: the framework counts a segment after its first frame
            self._timeline.finish_all(now)

    def interrupt(self, now: float) -> None:
        """Drop all speech (the framework's `clear_buffer`): every open segment is finished where it was played to."""
        self._now = now
        self._silence(self._timeline.finish_all(now), now)
        self._timeline.open_next()

    def pause(self, now: float) -> None:
        """Fall silent, and keep the rest for `resume`."""
        self._now = now
        self._paused = True
        self._silence(self._timeline.take_back(now), now)

    def resume(self, now: float) -> None:
        """Say the rest."""
        self._now = now
        self._paused = False

    def start_listening(self, now: float) -> None:
        """Take the listening pose, unless the avatar has something to say."""
        self._pose(StartListening(self._ids.mint("pose")), now)

    def stop_listening(self, now: float) -> None:
        """Leave the listening pose, unless the avatar has something to say."""
        self._pose(StopListening(self._ids.mint("pose")), now)

    # What the connection does

    def connection_opened(self, now: float) -> None:
        """There is a connection; the service will say when it takes commands."""
        self._now = now
        self._move(Change.OPENED)
        self._connected_by = now + self._timings.connected

    def connection_lost(self, now: float) -> None:
        """The connection is gone. What was not played is said again on the next one."""
        self._now = now
        self._move(Change.LOST)
        waiting = any(isinstance(command, Interrupt) for command in self._controls)
        self._clears_on_connect |= self._timeline.take_back(now) is not None or waiting
        self._hang_up()

    def close(self, now: float) -> None:
        """There will be no connection any more: what is and will be captured is finished as interrupted."""
        self._now = now
        self._move(Change.CLOSED)
        self._timeline.finish_all(now)
        self._hang_up()

    def receive_text(self, text: str, now: float) -> None:
        """A text frame of the service. Nothing in it raises."""
        self._now = now
        sign = signs.read(text)
        match sign.kind:
            case Kind.CONNECTED:
                self._on_connected(now)
            case Kind.SESSION_ENDED:
                self._timeline.events.append(SessionEnded(sign.detail))
            case Kind.FAULT | Kind.UNREADABLE:
                self._timeline.events.append(ServiceFault(sign.source or "unreadable", sign.detail))
            case Kind.CLEARED:
                self._on_cleared(sign)
            case kind if kind in _SPEECH_SIGNS:
                self._on_speech_sign(sign, now)

    # Time

    def next_timeout(self) -> float | None:
        """When `handle_timeout` is to be called; None if nothing depends on time."""
        chunk_due_at = self._timeline.chunk_due_at() if self._may_speak() else None
        if chunk_due_at is not None and chunk_due_at <= self._now:
            chunk_due_at = None  # it is there for the asking
        instants = (
            chunk_due_at,
            self._timeline.overdue_at(),
            self._connected_by,
            self._deaf_until,
            self._keep_alive_at,
        )
        return min((at for at in instants if at is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        self._now = now
        if _is_due(self._connected_by, now):
            self._connected_by = None
            self._timeline.events.append(Unresponsive(self._timings.connected))
        if _is_due(self._deaf_until, now):
            self._listen_again()
        if _is_due(self._keep_alive_at, now):
            self._keep_alive_at = now + self._timings.keep_alive
            self._controls.append(KeepAlive(self._ids.mint("keep-alive")))
        if _is_due(self._timeline.overdue_at(), now):
            self._silence(self._timeline.give_up(now), now)

    # What comes out

    def events(self) -> list[Event]:
        """What happened since the last call."""
        events, self._timeline.events = self._timeline.events, []
        return events

    def next_command(self, now: float) -> Command | None:
        """What to send now; ask again until there is nothing. What was returned counts as sent."""
        self._now = now
        if self._link is not Link.READY:
            return None
        command = self._controls.popleft() if self._controls else self._next_of_speech(now)
        if command is not None:
            self._keep_alive_at = now + self._timings.keep_alive
        return command

    def _next_of_speech(self, now: float) -> Command | None:
        return self._timeline.next_command(now) if self._may_speak() else None

    def _may_speak(self) -> bool:
        return self._link is Link.READY and not self._paused

    def _pose(self, command: Command, now: float) -> None:
        self._now = now
        if self._link is Link.READY and self._timeline.empty:
            self._controls.append(command)

    def _silence(self, speech: Speech | None, now: float) -> None:
        """Interrupt a speech that was dropped; one that never left needs none."""
        if speech is None:
            return
        interrupt = Interrupt(self._ids.mint("interrupt"))
        self._controls.append(interrupt)
        self._confirmations = {interrupt.event_id, speech.event_id}
        if speech.began or self._acknowledges:  # else the service has nothing to say of it
            self._deaf_until = now + self._timings.interrupt

    # What the service says

    def _on_connected(self, now: float) -> None:
        if self._link is not Link.OPENING:
            return
        self._move(Change.CONNECTED)
        self._connected_by = None
        self._keep_alive_at = now + self._timings.keep_alive
        if self._clears_on_connect:
            self._clears_on_connect = False
            self._controls.append(Interrupt(self._ids.mint("interrupt")))
        self._timeline.events.append(Connected())

    def _on_cleared(self, sign: Sign) -> None:
        self._talks_since = None
        if sign.source is None or sign.source in self._confirmations:
            self._deaf_until = None

    def _on_speech_sign(self, sign: Sign, now: float) -> None:
        self._acknowledges |= sign.kind in {Kind.APPENDED, Kind.COMMITTED}
        if sign.kind in {Kind.TALKING, Kind.QUIET, Kind.ENDED}:
            self._talks_since = now if sign.kind is Kind.TALKING else None
        if self._is_current(sign):
            self._timeline.hear(sign, now, acknowledged=self._acknowledges)
        elif self._deaf_until is not None and sign.kind is Kind.QUIET:
            self._deaf_until = None

    def _is_current(self, sign: Sign) -> bool:
        """Whether a sign is about the speech that is at the service now, not one that is over."""
        speech = self._timeline.speech
        if speech is not None and sign.source == speech.event_id:
            return True
        return self._deaf_until is None and not self._timeline.is_past(sign.source)

    def _listen_again(self) -> None:
        """The interrupt stays unconfirmed; if the avatar talks, then of the speech that it was given since."""
        self._deaf_until = None
        speech = self._timeline.speech
        if self._talks_since is not None and speech is not None:
            since = max(self._talks_since, speech.since)
            self._timeline.hear(Sign(Kind.TALKING), since, acknowledged=self._acknowledges)

    # The link

    def _move(self, change: Change) -> None:
        self._link = LINKS[self._link][change]

    def _hang_up(self) -> None:
        """Forget what only the connection that is gone could answer."""
        self._controls.clear()
        self._talks_since = None
        self._deaf_until = self._connected_by = self._keep_alive_at = None


def _is_due(at: float | None, now: float) -> bool:
    return at is not None and at <= now
