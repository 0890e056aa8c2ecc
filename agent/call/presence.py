"""Reports to `Callers` what happens in the room, and links the agent session to the caller that it chooses."""

import asyncio
import logging
from collections.abc import Callable
from math import inf
from typing import Any, Literal

from livekit import rtc
from livekit.agents import AgentSession, SpeechCreatedEvent
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF

from agent.call.callers import Caller, Callers, Departure
from agent.rooms.connection_details import RETURNING

logger = logging.getLogger("agent")

_PHONE = rtc.ParticipantKind.PARTICIPANT_KIND_SIP

# The attribute in which LiveKit's telephony service keeps the state of a call by telephone, and its values
# (docs.livekit.io/reference/telephony/sip-participant).
_CALL_STATUS = "sip.callStatus"
_RINGING = {"dialing", "ringing", "automation"}
_HUNG_UP = "hangup"

# LiveKit's reasons for a participant who left on purpose. Any other reason may be a lost connection.
_ON_PURPOSE = {
    rtc.DisconnectReason.CLIENT_INITIATED,
    rtc.DisconnectReason.PARTICIPANT_REMOVED,
    rtc.DisconnectReason.USER_REJECTED,
    rtc.DisconnectReason.USER_UNAVAILABLE,
}

_ROOM_EVENTS: tuple[Any, ...] = (
    "participant_connected",
    "participant_attributes_changed",
    "track_published",
    "track_unpublished",
    "track_muted",
    "track_unmuted",
    "reconnected",
)


class Presence(rtc.EventEmitter[Literal["linked", "changed"]]):
    """The callers in a room, and the link of the agent session to one of them.

    The session has to run in the room with `close_on_disconnect=False` and a participant identity that does not exist,
    so that only this class links it. This class subscribes to the callers' microphones: join the room without
    subscribing to anything. While the room has no caller, every speech is interrupted, so that the chat context keeps
    only what was heard of it.

    Emits `linked` with the identity of the newly linked caller, and `changed`, without arguments, when a caller joined,
    left or answered the telephone.

    Args:
        session: The agent session.
        room: The connected room in which the session runs.
        grace: Seconds to wait for a caller whose connection was lost; 0 ends the call at once.
        first_within: Seconds to wait for the first caller; by default as long as LiveKit keeps the room.
        avatar: Identity of an avatar that does not name its agent in an attribute.
        on_over: Called when the room has no caller and the wait for one is over.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        room: rtc.Room,
        grace: float,
        *,
        first_within: float | None = None,
        avatar: str | None = None,
        on_over: Callable[[], None],
    ) -> None:
        super().__init__()
        self._session = session
        self._room = room
        self._avatar = avatar
        self._on_over = on_over
        self._callers = Callers(grace, first_by=inf if first_within is None else _now() + first_within)
        self._departures: dict[str, Departure] = {}
        self._linked: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_there = asyncio.Event()
        self._is_over = False

    def watch(self) -> None:
        """Begin; the session must have started."""
        for event in _ROOM_EVENTS:
            self._room.on(event, self._look)
        self._room.on("participant_disconnected", self._on_disconnected)
        self._room.on("active_speakers_changed", self._on_speakers)
        self._room.on("data_received", self._on_data)
        self._room.on("disconnected", self._on_close)
        self._session.on("speech_created", self._on_speech_created)
        self._session.on("close", self._on_close)
        self._look()

    @property
    def count(self) -> int:
        """Number of callers in the room."""
        return self._callers.count

    @property
    def linked(self) -> str | None:
        """Identity of the linked caller; in an empty room, of the last one."""
        return self._callers.linked

    @property
    def is_there(self) -> bool:
        """Whether a caller is in the room and, on a telephone, has answered; False after the call."""
        return self._is_there.is_set() and not self._is_over

    @property
    def has_caller(self) -> bool:
        """Like `is_there`, also before `watch`."""
        return self._callers.is_there

    @property
    def is_ringing(self) -> bool:
        """Whether a telephone rings."""
        return self._callers.is_ringing

    @property
    def has_screen(self) -> bool:
        """Whether a caller can see an avatar."""
        return self._callers.has_screen

    @property
    def can_be_heard(self) -> bool:
        """Whether a caller has a microphone that is not muted."""
        return self._callers.can_be_heard

    async def wait_for_caller(self) -> bool:
        """Wait for a caller; return False if the call ended first."""
        await self._is_there.wait()
        return not self._is_over

    def knows(self, identity: str) -> bool:
        """Return whether this participant is a caller in the room."""
        return self._callers.knows(identity)

    def takes_part(self, identity: str) -> bool:
        """Return whether this participant is a caller who may make requests."""
        return self._callers.takes_part(identity)

    def write(self, identity: str) -> bool:
        """Note that a participant has written; return whether it is a caller who takes part."""
        return self._callers.write(identity)

    def use_button(self, identity: str, *, used: bool) -> None:
        """Note whether a caller uses push-to-talk."""
        self._callers.use_button(_now(), identity, used=used)
        self._follow()

    def hold(self, identity: str | None) -> None:
        """Note which caller holds the push-to-talk button; None for none."""
        self._callers.hold(_now(), identity)
        self._follow()

    def refresh(self) -> None:
        """Read the participants of the room, and subscribe to the callers' microphones; `watch` calls it by itself."""
        participants = list(self._room.remote_participants.values())
        callers = [each for each in participants if self._is_caller(each)]
        for microphone in (each for caller in callers for each in _microphones(caller)):
            # LiveKit reports active speakers only among subscribed participants.
            microphone.set_subscribed(True)
        self._callers.update(_now(), [_caller(each) for each in callers], self._departures)
        self._departures.clear()

    def _look(self, *_: object) -> None:
        if self._room.connection_state != rtc.ConnectionState.CONN_CONNECTED:
            # The agent itself is disconnected, and all others seem to have left.
            return
        self.refresh()
        self._follow()
        self.emit("changed")

    def _on_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        is_left = participant.disconnect_reason in _ON_PURPOSE
        self._departures[participant.identity] = Departure.LEFT if is_left else Departure.LOST
        self._look()

    def _on_speakers(self, speakers: list[rtc.Participant]) -> None:
        self._callers.speak(_now(), [each.identity for each in speakers])
        self._follow()

    def _on_data(self, packet: rtc.DataPacket) -> None:
        # A caller's packet has a participant; the page server's packet has none.
        if packet.topic == RETURNING and packet.participant is None:
            logger.info("the caller is about to return")
            self._callers.announce(_now(), packet.data.decode(errors="replace"))
            self._follow()

    def _follow(self) -> None:
        """Carry out what `Callers` decided."""
        if self._is_over:
            return
        was_there, is_there, was_linked = self._is_there.is_set(), self._callers.is_there, self._linked
        if self._callers.count:
            self._link()
        if is_there and not was_there:
            logger.info("a caller is there")
            if was_linked is not None:
                # The sounds of a ringing telephone are not words.
                self._session.clear_user_turn()
            self._is_there.set()
        elif was_there and not is_there:
            self._fall_silent()
        self._wait_until(self._callers.next_timeout())

    def _link(self) -> None:
        linked = self._callers.linked
        io = self._session.room_io
        # A caller who comes back has a new participant, which the framework finds by the identity.
        if linked is not None and (linked != self._linked or io.linked_participant is None):
            self._linked = linked
            io.set_participant(linked)
            self.emit("linked", linked)

    def _fall_silent(self) -> None:
        logger.info("the caller has left", extra={"waits": round((self._callers.ends_at or _now()) - _now(), 1)})
        self._is_there.clear()
        self._session.interrupt(force=True)
        self._session.clear_user_turn()

    def _wait_until(self, at: float | None) -> None:
        self._stop_timer()
        if at is not None:
            self._timer = asyncio.get_running_loop().call_at(at, self._on_timeout)

    def _on_timeout(self) -> None:
        now = _now()
        if (ends_at := self._callers.ends_at) is not None and now >= ends_at:
            self._on_over()
            return
        self._callers.handle_timeout(now)
        self._follow()

    def _on_speech_created(self, event: SpeechCreatedEvent) -> None:
        if not self._is_there.is_set():
            event.speech_handle.interrupt(force=True)

    def _on_close(self, _: object) -> None:
        """Stop: the session has closed, or the room is disconnected."""
        for event in _ROOM_EVENTS:
            self._room.off(event, self._look)
        self._room.off("participant_disconnected", self._on_disconnected)
        self._room.off("active_speakers_changed", self._on_speakers)
        self._room.off("data_received", self._on_data)
        self._room.off("disconnected", self._on_close)
        self._session.off("close", self._on_close)
        self._stop_timer()
        self._is_over = True
        self._is_there.set()

    def _is_caller(self, participant: rtc.RemoteParticipant) -> bool:
        """Return whether this is a person: not a recorder, agent, avatar, or a telephone that was hung up."""
        if participant.kind not in DEFAULT_PARTICIPANT_KINDS or self._is_avatar(participant):
            return False
        return participant.attributes.get(_CALL_STATUS) != _HUNG_UP

    def _is_avatar(self, participant: rtc.RemoteParticipant) -> bool:
        publishes_for = participant.attributes.get(ATTRIBUTE_PUBLISH_ON_BEHALF)
        return publishes_for == self._room.local_participant.identity or participant.identity == self._avatar

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()


def _microphones(participant: rtc.RemoteParticipant) -> list[rtc.RemoteTrackPublication]:
    publications = participant.track_publications.values()
    return [each for each in publications if each.source == rtc.TrackSource.SOURCE_MICROPHONE]


def _caller(participant: rtc.RemoteParticipant) -> Caller:
    microphones = _microphones(participant)
    return Caller(
        participant.identity,
        is_phone=participant.kind == _PHONE,
        is_ready=participant.attributes.get(_CALL_STATUS) not in _RINGING,
        has_microphone=bool(microphones),
        is_muted=all(publication.muted for publication in microphones),
    )


def _now() -> float:
    return asyncio.get_running_loop().time()
