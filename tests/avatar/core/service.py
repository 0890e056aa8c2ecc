"""A model of the LITE service for the core's tests: plays in real time, speaks every dialect, keeps the truth."""

import base64
import json
from dataclasses import dataclass, field
from enum import Enum

BYTES_PER_SECOND = 48_000


class Dialect(Enum):
    """Which events the service sends about speech."""

    FULL = "speak_*, agent.state_updated and acks"
    STATE = "agent.state_updated and acks"
    SPEAK = "speak_* alone"
    TASK = "older: tasks, idle_started and idle_ended"


@dataclass
class Utterance:
    """What came under one speech, until `speak_end` or an interrupt."""

    event_id: str
    began_at: float = 0.0
    audio: bytearray = field(default_factory=bytearray)
    sealed: bool = False
    played: float = 0.0
    """Seconds."""
    interrupted: bool = False

    @property
    def remaining(self) -> float:
        return len(self.audio) / BYTES_PER_SECOND - self.played

    @property
    def heard(self) -> bytes:
        return bytes(self.audio[: 2 * round(self.played * BYTES_PER_SECOND / 2)])


class Service:
    """One session. `receive` takes a frame, `advance` plays up to a moment; both give the frames that it sends."""

    def __init__(self, dialect: Dialect = Dialect.FULL, *, start_latency: float = 0.2) -> None:
        self.dialect = dialect
        self.start_latency = start_latency
        self.utterances: list[Utterance] = []
        self.received: list[dict[str, str]] = []
        self.now = 0.0
        self.starts_at: float | None = None
        self.talking = False

    @property
    def current(self) -> Utterance | None:
        return next((u for u in self.utterances if not u.interrupted and (u.remaining > 1e-9 or not u.sealed)), None)

    @property
    def next_at(self) -> float | None:
        """When it will have something to say by itself."""
        if self.talking and self.current is not None:
            return self.now + self.current.remaining
        return self.starts_at

    def receive(self, frame: str, now: float) -> list[str]:
        sent = self.advance(now)
        command = json.loads(frame)
        self.received.append(command)
        match command["type"]:
            case "agent.speak":
                sent += self._append(command)
            case "agent.speak_end":
                sent += self._seal(command)
            case "agent.interrupt":
                sent += self._clear(command)
        return sent

    def advance(self, now: float) -> list[str]:
        sent: list[str] = []
        while (at := self.next_at) is not None and at <= now + 1e-9:
            sent += self._step(at)
        if self.talking and self.current is not None:
            self.current.played += now - self.now
        self.now = now
        return sent

    def _step(self, at: float) -> list[str]:
        utterance = self.current
        assert utterance is not None
        if not self.talking:
            self.now, self.starts_at, self.talking = at, None, True
            return self._say_talking(utterance)
        utterance.played = len(utterance.audio) / BYTES_PER_SECOND
        self.now, self.talking = at, False
        return self._say_ended(utterance) if utterance.sealed else self._say_idle()

    def _append(self, command: dict[str, str]) -> list[str]:
        utterance = self.current
        if utterance is None or utterance.sealed:
            utterance = Utterance(command["event_id"], self.now)
            self.utterances.append(utterance)
        utterance.audio += base64.b64decode(command["audio"])
        if not self.talking and self.starts_at is None:
            self.starts_at = self.now + self.start_latency
        return self._ack("appended", command["event_id"])

    def _seal(self, command: dict[str, str]) -> list[str]:
        sent = self._ack("committed", command["event_id"])
        utterance = self.current
        if utterance is None:
            return sent
        utterance.sealed = True
        if utterance.remaining > 1e-9:
            return sent
        self.talking, self.starts_at = False, None
        return sent + self._say_ended(utterance)

    def _clear(self, command: dict[str, str]) -> list[str]:
        utterance, was_talking = self.current, self.talking
        for each in self.utterances:
            each.interrupted |= each.remaining > 1e-9 or not each.sealed
        self.talking, self.starts_at = False, None
        sent = self._ack("cleared", command["event_id"])
        if utterance is None:
            return sent
        if self.dialect in {Dialect.FULL, Dialect.SPEAK}:
            sent.append(self._frame("agent.speak_interrupted", source_event_id=utterance.event_id))
        return sent + (self._say_idle() if was_talking else [])

    def _say_talking(self, utterance: Utterance) -> list[str]:
        started = self._frame("agent.speak_started", source_event_id=utterance.event_id)
        state = self._frame("agent.state_updated", previous_state="idle", new_state="talking")
        task = {"id": f"task-{utterance.event_id}"}
        return {
            Dialect.FULL: [state, started],
            Dialect.STATE: [state],
            Dialect.SPEAK: [started],
            Dialect.TASK: [
                self._frame("agent.idle_ended", task=task),
                self._frame("agent.speak_started", task=task),
            ],
        }[self.dialect]

    def _say_idle(self) -> list[str]:
        state = self._frame("agent.state_updated", previous_state="talking", new_state="idle")
        return {
            Dialect.FULL: [state],
            Dialect.STATE: [state],
            Dialect.SPEAK: [],
            Dialect.TASK: [self._frame("agent.idle_started", task={"id": "task"})],
        }[self.dialect]

    def _say_ended(self, utterance: Utterance) -> list[str]:
        ended = self._frame("agent.speak_ended", source_event_id=utterance.event_id)
        return ([] if self.dialect is Dialect.STATE else [ended]) + self._say_idle()

    def _ack(self, what: str, source: str) -> list[str]:
        if self.dialect in {Dialect.SPEAK, Dialect.TASK}:
            return []
        return [self._frame(f"agent.audio_buffer_{what}", source_event_id=source)]

    def _frame(self, kind: str, **fields: object) -> str:
        if self.dialect is Dialect.TASK and "source_event_id" in fields:
            fields["task"] = {"id": f"task-{fields.pop('source_event_id')}"}
        return json.dumps({"type": kind, "event_id": "minted", **fields})
