"""A fake room in which participants come, speak and leave, and the session's fake room I/O."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from livekit import rtc

from tests.avatar.fakes import FakeRoom

if TYPE_CHECKING:
    from collections.abc import Callable

STANDARD = rtc.ParticipantKind.PARTICIPANT_KIND_STANDARD
PHONE = rtc.ParticipantKind.PARTICIPANT_KIND_SIP
HUNG_UP = rtc.DisconnectReason.CLIENT_INITIATED
LOST = rtc.DisconnectReason.SIGNAL_CLOSE
MICROPHONE = "microphone"


class Publication:
    """A published track.

    Attributes:
        subscribed: Whether the agent has subscribed to it; None before any request.
    """

    def __init__(self, source: Any = rtc.TrackSource.SOURCE_MICROPHONE) -> None:
        self.source = source
        self.sid = f"TR_{source}"
        self.muted = False
        self.track = None
        self.subscribed: bool | None = None

    def set_subscribed(self, subscribed: bool) -> None:
        self.subscribed = subscribed


class PeopleRoom(FakeRoom):
    """A connected room with participants."""

    def __init__(self) -> None:
        super().__init__()
        self.text_handlers: dict[str, Callable[..., Any]] = {}

    def come(
        self,
        identity: str,
        attributes: dict[str, str] | None = None,
        kind: Any = STANDARD,
        *,
        microphone: bool = False,
    ) -> None:
        """Let a participant in."""
        self.remote_participants[identity] = SimpleNamespace(
            identity=identity,
            sid=f"PA_{identity}",
            name="",
            attributes=attributes or {},
            kind=kind,
            track_publications=_microphone() if microphone else {},
            disconnect_reason=None,
        )
        self.tell("participant_connected", self.remote_participants[identity])

    def leave(self, identity: str, reason: Any = LOST) -> None:
        """Let a participant leave."""
        participant = self.remote_participants.pop(identity)
        participant.disconnect_reason = reason
        self.tell("participant_disconnected", participant)

    def publish(self, identity: str) -> None:
        """Let a participant publish a microphone."""
        self.remote_participants[identity].track_publications = _microphone()
        self.tell("track_published", None, self.remote_participants[identity])

    def mute(self, identity: str) -> None:
        """Let a participant mute the microphone."""
        participant = self.remote_participants[identity]
        participant.track_publications[MICROPHONE].muted = True
        self.tell("track_muted", participant, participant.track_publications[MICROPHONE])

    def set(self, identity: str, **attributes: str) -> None:
        """Change attributes of a participant; `_` stands for the dot in their names."""
        changed = {name.replace("_", "."): value for name, value in attributes.items()}
        self.remote_participants[identity].attributes |= changed
        self.tell("participant_attributes_changed", changed, self.remote_participants[identity])

    def speak(self, *identities: str) -> None:
        """Make exactly these participants speak from now on."""
        self.tell("active_speakers_changed", [self.remote_participants[each] for each in identities])

    def tell(self, event: Any, *args: object) -> None:
        """Emit an event of the room."""
        self.emit(event, *args)

    def register_text_stream_handler(self, topic: str, handler: Callable[..., Any]) -> None:
        self.text_handlers[topic] = handler

    def unregister_text_stream_handler(self, topic: str) -> None:
        self.text_handlers.pop(topic, None)


class Links:
    """The session's fake room I/O.

    Attributes:
        linked: Identities that were linked; the last one is the present one.
    """

    def __init__(self, room: PeopleRoom) -> None:
        self.linked: list[str] = []
        self._room = room

    @property
    def linked_participant(self) -> Any:
        return self._room.remote_participants.get(self.linked[-1]) if self.linked else None

    def set_participant(self, identity: str) -> None:
        self.linked.append(identity)


def _microphone() -> dict[str, Any]:
    return {MICROPHONE: Publication()}
