"""The core: what the framework captures and what the service says go in, commands and events come out.

Nothing here waits, reads a clock or does I/O. Every method that something depends on takes `now`, monotonic seconds.
The shell feeds it, sends `next_command` until there is none, dispatches `events`, and calls `handle_timeout` at
`next_timeout`. A command is made at the moment it is asked for, so what an interrupt drops was never written down.
"""

from collections import deque
from collections.abc import Iterable

from avatar.core import signs
from avatar.core.chunking import Chunking
from avatar.core.commands import Command, Interrupt, KeepAlive, Speak, SpeakEnd, StartListening, StopListening
from avatar.core.ear import Ear
from avatar.core.events import Connected, Event, MouthChanged, ServiceFault, SessionEnded, Unresponsive, VoiceNeeded
from avatar.core.floor import Floor, Mouth
from avatar.core.ids import Ids
from avatar.core.link import LINKS, Change, Link
from avatar.core.signs import Kind, Sign
from avatar.core.speech import Speech
from avatar.core.timeline import Timeline
from avatar.core.timings import Timings
from avatar.core.words import Word

_SPEECH_SIGNS = {Kind.TALKING, Kind.QUIET, Kind.ENDED, Kind.COMMITTED, Kind.APPENDED}


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
        self._floor = Floor()
        self._voice_needed = False  # it was told
        self._mute_since: float | None = None  # from then on there is neither an avatar nor a voice
        self._is_hopeless = False  # speech has waited in vain
        self._link = Link.AWAY
        self._paused = False
        self._controls: deque[Command] = deque()
        self._voice_controls: deque[Interrupt] = deque()
        self._clears_on_connect = False
        self._ear = Ear(self._timings.interrupt)
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
        # Not while capturing: the framework counts a segment after its first frame.
        if self._is_hopeless or self._link is Link.CLOSED:
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

    # Who speaks

    @property
    def between(self) -> bool:
        """Whether no segment is half said: nobody would hear a change now."""
        return self._timeline.between

    def avatar_sounds(self, now: float) -> bool:
        """Whether the avatar says that it speaks, and what it spoke last was sound."""
        return self._avatar_speaks and self._timeline.sounds(now)

    def avatar_missed(self, since: float, now: float) -> None:
        """The avatar says that it speaks, and nothing of it was heard `since` then: that is to be said again."""
        self._now = now
        if self._avatar_speaks:
            self._timeline.take_back(since)
            self._move(Change.LOST)
            self._hang_up()
            self._leave(now, now)

    def expect_avatar(self, voice_at: float, now: float) -> None:
        """There is no avatar yet, or no more; from `voice_at` on the voice may speak in its place."""
        self._now = now
        self._leave(voice_at, now)

    def voice_opened(self, now: float) -> None:
        """There is a voice that can speak when the avatar can't."""
        self._now = now
        self._floor.has_voice = True
        self._mute_since, self._is_hopeless = None, False
        self._settle_floor(now)
        if self._floor.voice_at is None and self._floor.mouth is Mouth.AVATAR:
            self._timeline.events.append(MouthChanged(Mouth.AVATAR))  # it was back sooner than the voice was there

    def voice_closed(self, now: float) -> None:
        """There is no voice any more."""
        self._now = now
        if self._floor.mouth is Mouth.VOICE:
            self._timeline.take_back(now)
        self._floor.has_voice = self._voice_needed = False
        self._voice_controls.clear()
        self._settle_floor(now)
        if self._floor.voice_at is not None and self._mute_since is None:
            self._mute_since = now

    def voice_says(self, kind: Kind, event_id: str, now: float) -> None:
        """The voice speaks (TALKING), has played all that it has (QUIET), or a speech to its end (ENDED)."""
        self._now = now
        speech = self._timeline.speech
        if self._floor.mouth is Mouth.VOICE and speech is not None and speech.event_id == event_id:
            self._timeline.hear(Sign(kind, event_id), now, acknowledged=False)
            self._settle_floor(now)

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
        taken_back = self._floor.mouth is Mouth.AVATAR and self._timeline.take_back(now) is not None
        self._clears_on_connect |= taken_back or waiting
        self._hang_up()
        self._leave(now + self._timings.voice, now)

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
        chunk_due_at = self._timeline.chunk_due_at() if self._may_speak(self._floor.mouth) else None
        if chunk_due_at is not None and chunk_due_at <= self._now:
            chunk_due_at = None  # it is there for the asking
        instants = (
            chunk_due_at,
            self._timeline.overdue_at(),
            self._voice_due_at(),
            self._hopeless_at(),
            self._connected_by,
            self._ear.deaf_until,
            self._keep_alive_at,
        )
        return min((at for at in instants if at is not None), default=None)

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        self._now = now
        if _is_due(self._connected_by, now):
            self._connected_by = None
            self._timeline.events.append(Unresponsive(self._timings.connected))
        if _is_due(self._ear.deaf_until, now):
            self._listen_again()
        if _is_due(self._keep_alive_at, now):
            self._keep_alive_at = now + self._timings.keep_alive
            self._controls.append(KeepAlive(self._ids.mint("keep-alive")))
        if _is_due(self._timeline.overdue_at(), now):
            self._on_overdue(now)
        if _is_due(self._voice_due_at(), now):
            self._on_voice_due(now)
        if _is_due(self._hopeless_at(), now):
            self._is_hopeless = True
            self._timeline.finish_all(now)

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
        command = self._controls.popleft() if self._controls else self._next_of_speech(Mouth.AVATAR, now)
        if command is not None:
            self._keep_alive_at = now + self._timings.keep_alive
        if isinstance(command, SpeakEnd):
            self._ear.ended()
        return command

    def next_voice_command(self, now: float) -> Speak | SpeakEnd | Interrupt | None:
        """What the voice is to do now; ask again until there is nothing. What was returned counts as said to it."""
        self._now = now
        return self._voice_controls.popleft() if self._voice_controls else self._next_of_speech(Mouth.VOICE, now)

    def _next_of_speech(self, mouth: Mouth, now: float) -> Speak | SpeakEnd | None:
        self._settle_floor(now)
        return self._timeline.next_command(now) if self._may_speak(mouth) else None

    def _may_speak(self, mouth: Mouth) -> bool:
        if self._paused or self._floor.mouth is not mouth:
            return False
        return mouth is Mouth.VOICE or self._link is Link.READY

    # The floor

    @property
    def _avatar_speaks(self) -> bool:
        return self._floor.mouth is Mouth.AVATAR and self._timeline.playing

    def _leave(self, voice_at: float, now: float) -> None:
        """The avatar leaves the floor to the voice, if there will be one in time."""
        self._floor.avatar_away(voice_at)
        if not self._floor.has_voice and self._mute_since is None:
            self._mute_since = max(now, voice_at)
        self._settle_floor(now)

    def _settle_floor(self, now: float) -> None:
        if self._floor.settle(now, between=self._timeline.between):
            self._timeline.events.append(MouthChanged(self._floor.mouth))

    def _voice_due_at(self) -> float | None:
        """When a voice takes the floor, or is missed: there must be something to say."""
        if self._timeline.empty or self._voice_needed or self._floor.mouth is Mouth.VOICE:
            return None
        return None if self._link is Link.CLOSED else self._floor.voice_at

    def _hopeless_at(self) -> float | None:
        """When speech has waited for too long: it is dropped, and so is what comes after it until somebody is there."""
        waits_since = self._timeline.waits_since
        if self._is_hopeless or self._mute_since is None or waits_since is None:
            return None
        return max(self._mute_since, waits_since) + self._timings.hope

    def _on_voice_due(self, now: float) -> None:
        if self._floor.has_voice:
            self._settle_floor(now)
        else:
            self._voice_needed = True
            self._timeline.events.append(VoiceNeeded())

    def _on_overdue(self, now: float) -> None:
        """The mouth did not say what it was given. The service's session is done for; the voice has no second one."""
        if self._timeline.give_up(now):
            return
        if self._floor.mouth is Mouth.VOICE:
            self._timeline.finish_all(now)
            return
        self._move(Change.LOST)
        self._hang_up()
        self._leave(now, now)

    def _pose(self, command: Command, now: float) -> None:
        self._now = now
        if self._link is Link.READY and self._timeline.empty:
            self._controls.append(command)

    def _silence(self, speech: Speech | None, now: float) -> None:
        """Interrupt a speech that was dropped; one that never left needs none."""
        if speech is None:
            return
        interrupt = Interrupt(self._ids.mint("interrupt"))
        if self._floor.mouth is Mouth.VOICE:
            self._voice_controls.append(interrupt)  # it obeys at once
            return
        self._controls.append(interrupt)
        self._ear.interrupted(interrupt.event_id, speech, now)

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
        self._floor.avatar_here()
        self._mute_since, self._is_hopeless = None, False
        self._voice_needed = False
        self._timeline.events.append(Connected())
        self._settle_floor(now)

    def _on_cleared(self, sign: Sign) -> None:
        talks_since, speech = self._ear.cleared(sign), self._timeline.speech
        if talks_since is not None and speech is not None and talks_since >= speech.since:
            self._timeline.hear(Sign(Kind.TALKING), talks_since, acknowledged=self._ear.acknowledges)

    def _on_speech_sign(self, sign: Sign, now: float) -> None:
        is_past = self._timeline.is_past(sign.source)
        if self._ear.believes(sign, self._timeline.speech, now, is_past=is_past):
            self._timeline.hear(sign, now, acknowledged=self._ear.acknowledges)

    def _listen_again(self) -> None:
        talks_since, speech = self._ear.listen_again(), self._timeline.speech
        if talks_since is not None and speech is not None:
            since = max(talks_since, speech.since)
            self._timeline.hear(Sign(Kind.TALKING), since, acknowledged=self._ear.acknowledges)

    # The link

    def _move(self, change: Change) -> None:
        self._link = LINKS[self._link][change]

    def _hang_up(self) -> None:
        """Forget what only the connection that is gone could answer."""
        self._controls.clear()
        self._ear.forget()
        self._connected_by = self._keep_alive_at = None


def _is_due(at: float | None, now: float) -> bool:
    return at is not None and at <= now
