"""One session's conversation with its client: commands in, messages out.

Sources: HeyGen's LITE events page, and for gaps in it the events that livekit/agents PR 7245 lists.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from simulators.liveavatar.model.commands import Command, InvalidCommandError, parse_command
from simulators.liveavatar.model.player import (
    Cleared,
    Ended,
    Interrupted,
    Player,
    PlayerEvent,
    Started,
    Starved,
    StateChanged,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.faults.places import Moment
    from simulators.liveavatar.model.habits import Habits
    from simulators.liveavatar.model.utterance import Utterance

# A message to the client, ready for JSON.
Message: TypeAlias = dict[str, object]

MOMENTS: dict[str, Moment] = {
    "agent.speak": "speak",
    "agent.speak_end": "speak_end",
    "agent.interrupt": "interrupt",
}

SPEECH = frozenset({"agent.speak", "agent.speak_end"})

# Most commands that are kept for inspection: more than a session can send in its 20 minutes at one a second.
RECORDED_COMMANDS = 10_000


@dataclass(frozen=True, slots=True)
class ReceivedCommand:
    """A command as it arrived, for inspection.

    Attributes:
        type: Its type on the wire, or `invalid`.
        event_id: The client's id for it.
        at: Seconds since the session's start.
        audio_bytes: Bytes of PCM in it.
        dropped: Whether the service silently ignored it.
    """

    type: str
    event_id: str | None
    at: float
    audio_bytes: int
    dropped: bool


class Conversation:
    """The WebSocket protocol of one session.

    Args:
        habits: Habits of the service.
        now: Start of the session, in seconds.
        new_id: Returns ids for the server's events.
        send: Sends a message to the client.
        on_moment: Called at each moment at which a fault may strike: before a command is carried out, and before the
            start of an utterance is sent; it may change `is_mute` and `is_deaf`.
        keeps_sound: Whether the player keeps everything that was played.

    Attributes:
        player: Plays the speech.
        commands: The latest received commands.
        dropped_commands: Number of commands that were silently ignored.
        interrupts: Number of interrupts that were carried out.
        is_mute: True if commands are ignored and nothing is sent.
        is_deaf: True if interrupts are ignored.
    """

    def __init__(
        self,
        habits: Habits,
        *,
        now: float,
        new_id: Callable[[], str],
        send: Callable[[Message], None],
        on_moment: Callable[[Moment], None] = lambda _moment: None,
        keeps_sound: bool = True,
    ) -> None:
        self.player = Player(habits, now=now, keeps_sound=keeps_sound)
        self.commands: deque[ReceivedCommand] = deque(maxlen=RECORDED_COMMANDS)
        self.dropped_commands = 0
        self.interrupts = 0
        self.is_mute = False
        self.is_deaf = False
        self._habits = habits
        self._dialect = habits.dialect
        self._new_id = new_id
        self._deliver = send
        self._on_moment = on_moment
        self._started_at = now

    def open(self) -> None:
        """Send the first states on a newly opened WebSocket."""
        self._on_moment("opening")
        for state in self._dialect.opening:
            self._send_session_state(state)

    def connect(self) -> None:
        """Send `connected`."""
        self._send_session_state("connected")
        self._on_moment("connected")

    def close(self) -> None:
        """Send that the session is over."""
        for state in self._dialect.closing:
            self._send_session_state(state)

    def mute(self, *, now: float) -> None:
        """Stop speaking and sending for good, without notice."""
        self.player.stop(now=now)
        self.is_mute = True

    def receive(self, frame: str | bytes, *, now: float, is_ready: bool, loses_speech: bool = False) -> None:
        """Take one frame from the client.

        Args:
            frame: The frame; JSON.
            now: Time in seconds.
            is_ready: Whether the session takes commands.
            loses_speech: Whether it ignores speech.
        """
        try:
            command = parse_command(frame)
        except InvalidCommandError as error:
            self._refuse("invalid", error.event_id, str(error), now=now, is_ready=is_ready)
            return
        if command.unknown_fields and self._habits.refuses_unknown_fields:
            reason = f"unknown field: {command.unknown_fields[0]}"
            self._refuse(command.type, command.event_id, reason, now=now, is_ready=is_ready)
            return
        listens = is_ready and not (loses_speech and command.type in SPEECH)
        if listens and not self.is_mute and command.type in MOMENTS:
            self._on_moment(MOMENTS[command.type])
        if self._record(command.type, command.event_id, len(command.audio), now=now, is_ready=listens):
            self._obey(command, now)
            self.send_events(now=now)

    def send_events(self, *, now: float) -> None:
        """Play until `now`, and send what happened."""
        self.player.advance(now)
        for event in self.player.take_events(now=now):
            if isinstance(event, Started):
                self._on_moment("speaking")
            if not self.is_mute:
                self._send_event(event)

    def _record(self, kind: str, event_id: str | None, audio_bytes: int, *, now: float, is_ready: bool) -> bool:
        dropped = not is_ready or self.is_mute
        self.dropped_commands += dropped
        self.commands.append(ReceivedCommand(kind, event_id, now - self._started_at, audio_bytes, dropped))
        return not dropped

    def _refuse(self, kind: str, event_id: str | None, reason: str, *, now: float, is_ready: bool) -> None:
        if self._record(kind, event_id, 0, now=now, is_ready=is_ready):
            self._send_error("invalid_request_error", reason, event_id)

    def _obey(self, command: Command, now: float) -> None:
        match command.type:
            case "agent.speak":
                utterance = self.player.append(command.audio, event_id=command.event_id, now=now)
                self._send_answer("agent.audio_buffer_appended", command.event_id, utterance)
            case "agent.speak_end":
                self._seal(command, now)
            case "agent.interrupt" if not self.is_deaf:
                self.interrupts += 1
                self.player.clear(command.event_id, now=now)
            case "agent.start_listening":
                self.player.start_listening(now=now)
            case "agent.stop_listening":
                self.player.stop_listening(now=now)
            case "start" if command.audio_format != ("pcm_s16le", 24_000, 1):
                self._send_warning("unsupported_format", "audio is taken as pcm_s16le, 24000 Hz, 1 channel")

    def _seal(self, command: Command, now: float) -> None:
        if command.audio:
            self.player.append(command.audio, event_id=command.event_id, now=now)
        utterance = self.player.seal(now=now)
        self._send_answer("agent.audio_buffer_committed", command.event_id, utterance)

    def _send_event(self, event: PlayerEvent) -> None:
        match event:
            case StateChanged():
                self._send_agent_state(event)
            case Started(utterance):
                self._send_speech("agent.speak_started", utterance)
                self._hiccup(utterance)
            case Ended(utterance):
                self._send_speech("agent.speak_ended", utterance)
            case Cleared(event_id, utterance):
                self._send_answer("agent.audio_buffer_cleared", event_id, utterance)
            case Interrupted(utterance):
                self._send_speech("agent.speak_interrupted", utterance)
            case Starved(utterance):
                self._send_error("video_starvation", "audio came too late to go on speaking", utterance.event_id)

    def _hiccup(self, utterance: Utterance) -> None:
        if self._habits.hiccup_every and utterance.number % self._habits.hiccup_every == 0:
            self._send_error("video_starvation", "17 frames missed (680ms gap)", None)

    def _send_agent_state(self, event: StateChanged) -> None:
        if self._dialect.states:
            self._send("agent.state_updated", previous_state=event.previous, new_state=event.new)
        if self._dialect.idles and event.new == "idle":
            self._send("agent.idle_started")
        if self._dialect.idles and event.previous == "idle":
            self._send("agent.idle_ended")

    def _send_speech(self, kind: str, utterance: Utterance) -> None:
        if self._dialect.speaks:
            self._send_answer(kind, utterance.event_id, utterance)

    def _send_answer(self, kind: str, source_event_id: str | None, utterance: Utterance | None) -> None:
        if not self._dialect.names_tasks:
            self._send(kind, source_event_id=source_event_id if self._habits.echoes_event_ids else None)
        elif utterance is None:
            self._send(kind)
        else:
            self._send(kind, task={"id": f"task-{utterance.number}"})

    def _send_session_state(self, state: str) -> None:
        self._send("session.state_updated", state=state)

    def _send_error(self, kind: str, message: str, event_id: str | None) -> None:
        self._send("error", error={"type": kind, "message": message, "event_id": event_id})

    def _send_warning(self, kind: str, message: str) -> None:
        self._send("warning", warning={"type": kind, "message": message})

    def _send(self, kind: str, **fields: object) -> None:
        self._deliver({"type": kind, "event_id": self._new_id(), **fields})
