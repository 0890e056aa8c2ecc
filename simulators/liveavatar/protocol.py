"""The server's side of the LITE WebSocket, without a socket: frames in, messages out, `now` is an argument.

Sources: HeyGen's LITE events page, and for what it leaves open the events that livekit/agents PR 7245 lists.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from simulators.liveavatar.commands import Command, InvalidCommandError, parse_command
from simulators.liveavatar.dialect import FULL, Dialect
from simulators.liveavatar.player import Ended, Interrupted, Player, PlayerEvent, Started, Starved, StateChanged

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.faults.places import Moment
    from simulators.liveavatar.player import Utterance

Message: TypeAlias = dict[str, object]
"""A message to the client, ready for JSON."""

MOMENTS: dict[str, Moment] = {
    "agent.speak": "speak",
    "agent.speak_end": "speak_end",
    "agent.interrupt": "interrupt",
}
"""Commands at whose arrival something can go wrong."""

RECORDED_COMMANDS = 10_000
"""Commands kept for inspection: more than a session at one a second can send in its 20 minutes."""


@dataclass(frozen=True, slots=True)
class ReceivedCommand:
    """A command as it arrived, for inspection.

    Attributes:
        type: as on the wire.
        event_id: the client's name for it.
        at: seconds since the session's start.
        audio_bytes: of PCM in it.
        dropped: it came before `connected`, and the service drops that without a word.
    """

    type: str
    event_id: str | None
    at: float
    audio_bytes: int
    dropped: bool


class LiteProtocol:
    """One session's conversation with its client.

    Args:
        now: start of the session, seconds.
        dialect: which events are sent, in which words.
        start_latency: seconds from the first audio to the first sound.
        news_delay: seconds from `play` to the listener.
        new_id: names the server's events.
        on_moment: told of a moment at which something can go wrong, before a command is obeyed and before the start of
            an utterance is told; it may change `is_mute` and `is_deaf`.
    """

    def __init__(
        self,
        *,
        now: float,
        dialect: Dialect = FULL,
        start_latency: float = 0.2,
        news_delay: float = 0.0,
        new_id: Callable[[], str] = lambda: str(uuid4()),
        on_moment: Callable[[Moment], None] = lambda _moment: None,
    ) -> None:
        self.player = Player(now=now, start_latency=start_latency, news_delay=news_delay)
        self.dialect = dialect
        self.commands: deque[ReceivedCommand] = deque(maxlen=RECORDED_COMMANDS)
        self.dropped_commands = 0
        self.interrupts = 0
        self.is_connected = False
        self.is_mute = False
        self.is_deaf = False
        self._new_id = new_id
        self._on_moment = on_moment
        self._started_at = now
        self._messages: list[Message] = []

    def open(self) -> None:
        """Greet a client whose socket was accepted; until `connect` its commands are dropped."""
        self.is_connected = False
        self._on_moment("opening")
        for state in self.dialect.opening:
            self._tell_session_state(state)

    def connect(self) -> None:
        """Tell the client that the avatar is ready for its commands."""
        self.is_connected = True
        self._tell_session_state("connected")
        self._on_moment("connected")

    def close(self) -> None:
        """Tell the client that the session is over."""
        for state in self.dialect.closing:
            self._tell_session_state(state)

    def mute(self, *, now: float, unsent: float = 0.0) -> None:
        """Fall silent for good, without a word: what a paid session does at its maximum duration (seen by a user)."""
        self.player.clear(now=now, unsent=unsent)
        self.player.take_events()
        self.is_mute = True

    def receive(self, frame: str, *, now: float, unsent: float = 0.0) -> bool:
        """Take one text frame from the client.

        Args:
            frame: JSON.
            now: seconds.
            unsent: seconds of what `play` returned that are not on their way to the listener yet.

        Returns:
            Whether the avatar was cut, so that what is unsent must be dropped.
        """
        try:
            command = parse_command(frame)
        except InvalidCommandError as error:
            self._record("invalid", error.event_id, 0, now)
            if self._listens:
                self._tell_error("invalid_request_error", str(error), error.event_id)
            return False
        if self._listens and (moment := MOMENTS.get(command.type)):
            self._on_moment(moment)
        self._record(command.type, command.event_id, len(command.audio), now)
        if not self._listens:
            return False
        if command.type == "agent.interrupt":
            return not self.is_deaf and self._interrupt(command, now, unsent)
        self._apply(command, now)
        return False

    def receive_binary(self, *, now: float) -> None:
        """Take one binary frame: the service knows only text."""
        self._record("invalid", None, 0, now)
        if self._listens:
            self._tell_error("invalid_request_error", "messages must be text", None)

    def play(self, *, now: float) -> bytes:
        """Return what is heard between the last call and `now`: PCM, silence included."""
        pcm = self.player.play(now=now)
        self._tell_player_events()
        return pcm

    def take_messages(self) -> list[Message]:
        """Return what is to be sent to the client, in order."""
        messages, self._messages = self._messages, []
        return messages

    @property
    def _listens(self) -> bool:
        return self.is_connected and not self.is_mute

    def _record(self, kind: str, event_id: str | None, audio_bytes: int, now: float) -> None:
        dropped = not self._listens
        self.dropped_commands += dropped
        self.commands.append(ReceivedCommand(kind, event_id, now - self._started_at, audio_bytes, dropped))

    def _apply(self, command: Command, now: float) -> None:
        match command.type:
            case "agent.speak":
                utterance = self.player.append(command.audio, event_id=command.event_id, now=now)
                self._tell_answer("agent.audio_buffer_appended", command.event_id, utterance)
            case "agent.speak_end":
                self._seal(command, now)
            case "agent.start_listening":
                self.player.start_listening(now=now)
            case "agent.stop_listening":
                self.player.stop_listening(now=now)
            case "start" if command.audio_format != ("pcm_s16le", 24_000, 1):
                self._tell_warning("unsupported_format", "audio is taken as pcm_s16le, 24000 Hz, 1 channel")
            case _:
                pass
        self._tell_player_events()

    def _seal(self, command: Command, now: float) -> None:
        if command.audio:
            self.player.append(command.audio, event_id=command.event_id, now=now)
        utterance = self.player.seal(now=now)
        self._tell_answer("agent.audio_buffer_committed", command.event_id, utterance)

    def _interrupt(self, command: Command, now: float, unsent: float) -> bool:
        self.interrupts += 1
        cut = self.player.clear(now=now, unsent=unsent)
        self._tell_answer("agent.audio_buffer_cleared", command.event_id, cut[0] if cut else None)
        self._tell_player_events()
        return bool(cut)

    def _tell_player_events(self) -> None:
        for event in self.player.take_events():
            if isinstance(event, Started):
                self._on_moment("speaking")
            if not self.is_mute:
                self._tell_player_event(event)

    def _tell_player_event(self, event: PlayerEvent) -> None:
        match event:
            case StateChanged():
                self._tell_agent_state(event)
            case Started(utterance):
                self._tell_speech("agent.speak_started", utterance)
            case Ended(utterance):
                self._tell_speech("agent.speak_ended", utterance)
            case Interrupted(utterance):
                self._tell_speech("agent.speak_interrupted", utterance)
            case Starved(utterance):
                self._tell_error("video_starvation", "the audio comes too slowly", utterance.event_id)

    def _tell_agent_state(self, event: StateChanged) -> None:
        if self.dialect.states:
            self._tell("agent.state_updated", source_event_id=None, previous_state=event.previous, new_state=event.new)
        if self.dialect.idles and event.new == "idle":
            self._tell("agent.idle_started")
        if self.dialect.idles and event.previous == "idle":
            self._tell("agent.idle_ended")

    def _tell_speech(self, kind: str, utterance: Utterance) -> None:
        if self.dialect.speaks:
            self._tell_answer(kind, utterance.event_id, utterance)

    def _tell_answer(self, kind: str, source_event_id: str | None, utterance: Utterance | None) -> None:
        if not self.dialect.names_tasks:
            self._tell(kind, source_event_id=source_event_id)
        elif utterance is None:
            self._tell(kind)
        else:
            self._tell(kind, task={"id": f"task-{utterance.number}"})

    def _tell_session_state(self, state: str) -> None:
        self._tell("session.state_updated", state=state)

    def _tell_error(self, kind: str, message: str, event_id: str | None) -> None:
        self._tell("error", error={"type": kind, "message": message, "event_id": event_id})

    def _tell_warning(self, kind: str, message: str) -> None:
        self._tell("warning", warning={"type": kind, "message": message})

    def _tell(self, kind: str, **fields: object) -> None:
        self._messages.append({"type": kind, "event_id": self._new_id(), **fields})
