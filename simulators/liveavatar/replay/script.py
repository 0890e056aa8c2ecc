"""The service's side of one recorded WebSocket, replayed to another client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulators.liveavatar.replay.recording import Cue, Message

# Commands that a client may leave out or send at other times without affecting the service's side.
ASIDES = frozenset({"session.keep_alive", "agent.start_listening", "agent.stop_listening"})

# Recorded messages that each message of the client may skip: a client cuts speech into other chunks.
PASSES = {
    "agent.speak": frozenset({*ASIDES, None}),
    "agent.speak_end": frozenset({*ASIDES, None, "agent.speak"}),
    "agent.interrupt": frozenset({*ASIDES, None, "agent.speak", "agent.speak_end"}),
}


class Script:
    """Answers a client as the recorded client was answered.

    Args:
        cues: Cues of the recorded WebSocket, the handshake first.
    """

    def __init__(self, cues: list[Cue]) -> None:
        self._cues = cues
        self._next = 0
        self._names: dict[str, str] = {}

    def open(self) -> list[Cue]:
        """Take the handshake, and return the cues to play."""
        return self._play(0)

    def receive(self, message: Message) -> list[Cue]:
        """Take a client's message, and return the cues to play; an unrecorded one is ignored."""
        kind = message.get("type")
        for number in range(self._next, len(self._cues)):
            if self._cues[number].kind == kind:
                return self._play(number, message.get("event_id"))
            if self._cues[number].kind not in PASSES.get(str(kind), ASIDES):
                break
        return []

    def translate(self, answer: Message) -> Message:
        """Replace the recorded client's event ids in an answer with this client's."""
        translated: dict[str, Any] = {}
        for name, value in answer.items():
            if isinstance(value, dict):
                translated[name] = self._translate_error(value) if name == "error" else value
            else:
                translated[name] = self._name(value) if name == "source_event_id" else value
        return translated

    def _translate_error(self, error: Message) -> Message:
        return {name: self._name(value) if name == "event_id" else value for name, value in error.items()}

    def _name(self, recorded: Any) -> Any:
        return self._names.get(recorded, recorded) if isinstance(recorded, str) else recorded

    def _play(self, number: int, event_id: object = None) -> list[Cue]:
        """Return the cues up to this one, including skipped ones."""
        played = self._cues[self._next : number + 1]
        self._next = number + 1
        for cue in played:
            if cue.event_id is not None and isinstance(event_id, str):
                self._names[cue.event_id] = event_id
        return played
