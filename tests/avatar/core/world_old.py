"""The core and the model of the service, joined by a wire with a delay, in a time that is a number."""

import heapq
import itertools
import json
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from avatar.core import (
    AvatarProtocol,
    Command,
    Event,
    Interrupt,
    PlaybackFinished,
    PlaybackProgressed,
    Speak,
    SpeakEnd,
    Word,
    to_json,
)
from avatar.core.signs import Kind
from tests.avatar.core.service import Dialect, Service

CONNECTED = json.dumps({"type": "session.state_updated", "state": "connected"})


_PATTERN_SAMPLES = 24_001
_PATTERN = array("h", range(8_000, 8_000 + _PATTERN_SAMPLES)).tobytes() * 12
# Nowhere quiet: there is no gap between words to go back to.


@dataclass
class Sent:
    """A command, and when it left."""

    command: Command
    at: float


@dataclass
class World:
    """Everything that a scenario needs: act on `core`, then `run` until a moment."""

    dialect: Dialect = Dialect.FULL
    delay: float = 0.0
    """Of the wire, each way, in seconds."""
    core: AvatarProtocol = field(default_factory=lambda: AvatarProtocol("t"))
    now: float = 0.0
    drains: bool = True
    """Whether the shell sends what the core has; a socket that is stuck does not."""

    def __post_init__(self) -> None:
        self.service = Service(self.dialect)
        self.voice = Service(Dialect.FULL, start_latency=0.0)
        self.has_voice = False
        self.sent: list[Sent] = []
        self.events: list[Event] = []
        self.captured: list[bytearray] = []
        self._wire: list[tuple[float, int, str, str]] = []
        self._order = itertools.count()
        self._said = 0
        self._open = False

    # What the framework does

    def connect(self) -> None:
        self.core.connection_opened(self.now)
        self._post("down", [CONNECTED])
        self.run(self.delay)

    def say(self, seconds: float, words: Iterable[Word] = ()) -> None:
        """Capture speech; every sample of a scenario is different, so that what was heard can be told."""
        if not self._open:
            self._open = True
            self.captured.append(bytearray())
        pcm = self._samples(int(seconds * 24_000))
        self.captured[-1] += pcm
        self.core.push_audio(pcm, self.now, words)
        self._collect()

    def flush(self) -> None:
        self._open = False
        self.core.end_segment(self.now)
        self._collect()

    def interrupt(self) -> None:
        self._open = False
        self.core.interrupt(self.now)
        self._collect()

    def pause(self) -> None:
        self.core.pause(self.now)
        self._collect()

    def resume(self) -> None:
        self.core.resume(self.now)
        self._collect()

    def lose_connection(self) -> None:
        """The socket is gone; the service forgets what it had, and what is under way is lost."""
        self._wire.clear()
        self.service.advance(self.now)
        self.service.receive(json.dumps({"type": "agent.interrupt", "event_id": "lost"}), self.now)
        self.core.connection_lost(self.now)
        self._collect()

    def open_voice(self) -> None:
        """There is a track that the agent publishes itself; it obeys without a wire, and plays at once."""
        self.has_voice = True
        self.core.voice_opened(self.now)
        self._collect()

    def close_voice(self) -> None:
        self._say_to_voice(Interrupt("closed"))
        self.has_voice = False
        self.core.voice_closed(self.now)
        self._collect()

    def _samples(self, count: int) -> bytes:
        start = self._said % _PATTERN_SAMPLES
        self._said += count
        return _PATTERN[2 * start : 2 * (start + count)]

    # Time

    def run(self, seconds: float) -> None:
        """Let time pass: deliver, play, time out, send."""
        until = self.now + seconds
        self._drain()
        while (at := self._next_at()) is not None and at <= until:
            self.now = max(self.now, at)
            self._turn()
        self.now = until
        self._turn()

    def settle(self, limit: float = 60.0) -> None:
        """Run until every segment is finished, or the limit has passed."""
        end = self.now + limit
        while self.now < end and len(self.finished) < len(self.captured):
            self.run(0.25)
        self.run(0.25)

    @property
    def finished(self) -> list[PlaybackFinished]:
        return [event for event in self.events if isinstance(event, PlaybackFinished)]

    @property
    def progressed(self) -> list[PlaybackProgressed]:
        return [event for event in self.events if isinstance(event, PlaybackProgressed)]

    @property
    def spoken(self) -> list[Speak]:
        return [sent.command for sent in self.sent if isinstance(sent.command, Speak)]

    @property
    def interrupts(self) -> list[Interrupt]:
        return [sent.command for sent in self.sent if isinstance(sent.command, Interrupt)]

    @property
    def ends(self) -> list[SpeakEnd]:
        return [sent.command for sent in self.sent if isinstance(sent.command, SpeakEnd)]

    @property
    def heard(self) -> bytes:
        """What was played by the avatar and by the voice, in one piece."""
        self.service.advance(self.now)
        self.voice.advance(self.now)
        utterances = sorted([*self.service.utterances, *self.voice.utterances], key=lambda u: u.began_at)
        return b"".join(utterance.heard for utterance in utterances)

    def _next_at(self) -> float | None:
        wire = self._wire[0][0] if self._wire else None
        instants = (wire, self.core.next_timeout(), self.service.next_at, self.voice.next_at)
        return min((at for at in instants if at is not None), default=None)

    def _turn(self) -> None:
        self._post("down", self.service.advance(self.now))
        self._hear_voice(self.voice.advance(self.now))
        while self._wire and self._wire[0][0] <= self.now:
            self._deliver(*heapq.heappop(self._wire)[2:])
        timeout = self.core.next_timeout()
        if timeout is not None and timeout <= self.now:
            self.core.handle_timeout(self.now)
            after = self.core.next_timeout()
            assert after is None or after > self.now, "the next deadline lies in the future"
        self._collect()
        self._drain()

    def _deliver(self, way: str, frame: str) -> None:
        if way == "up":
            self._post("down", self.service.receive(frame, self.now))
        else:
            self.core.receive_text(frame, self.now)
            self._collect()

    def _drain(self) -> None:
        while self.drains and (command := self.core.next_command(self.now)) is not None:
            self.sent.append(Sent(command, self.now))
            self._post("up", [to_json(command)])
        while self.has_voice and (said := self.core.next_voice_command(self.now)) is not None:
            self._say_to_voice(said)
        self._collect()

    def _say_to_voice(self, command: Command) -> None:
        self._hear_voice(self.voice.receive(to_json(command), self.now))

    def _hear_voice(self, frames: list[str]) -> None:
        """What a voice tells is about the speech that it plays."""
        for frame in map(json.loads, frames):
            if frame["type"] == "agent.speak_started":
                self.core.voice_says(Kind.TALKING, frame["source_event_id"], self.now)
            elif frame["type"] == "agent.speak_ended":
                self.core.voice_says(Kind.ENDED, frame["source_event_id"], self.now)
            elif frame.get("new_state") == "idle" and self.voice.current is not None:
                self.core.voice_says(Kind.QUIET, self.voice.current.event_id, self.now)
            self._collect()

    def _post(self, way: str, frames: list[str]) -> None:
        for frame in frames:
            heapq.heappush(self._wire, (self.now + self.delay, next(self._order), way, frame))

    def _collect(self) -> None:
        self.events += self.core.events()
