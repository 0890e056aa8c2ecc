"""Who the agent talks with. A caller who left may only be reloading the page: the call waits, and then goes on."""

import asyncio
import logging
from typing import Any

from livekit import rtc
from livekit.agents import AgentSession, SpeechCreatedEvent
from livekit.agents.job import DEFAULT_PARTICIPANT_KINDS
from livekit.agents.types import ATTRIBUTE_PUBLISH_ON_BEHALF

logger = logging.getLogger("agent")


class Presence:
    """Links the agent to the caller who is there, and ends the session when there has been none for too long.

    The session has to run in the room with `close_on_disconnect=False`. While nobody is there nothing is said: what was
    being said is interrupted, so that the chat context keeps what was heard of it.

    Args:
        session: The agent's.
        room: Where it runs, connected.
        grace: Seconds that it waits for a caller who left; 0 ends it at once.
        first_within: Seconds that it waits for the first one; by default as long as LiveKit keeps the room.
        avatar: Identity of an avatar that does not say for whom it publishes.
    """

    def __init__(
        self,
        session: AgentSession[Any],
        room: rtc.Room,
        grace: float,
        *,
        first_within: float | None = None,
        avatar: str | None = None,
    ) -> None:
        self._session = session
        self._room = room
        self._grace = grace
        self._first_within = first_within
        self._avatar = avatar
        self._ending: asyncio.TimerHandle | None = None
        self._is_there = asyncio.Event()
        self._is_over = False

    def watch(self) -> None:
        """Begin, when the session has started."""
        if self._callers():
            self._is_there.set()
        elif self._first_within is not None:
            self._end_after(self._first_within)
        self._room.on("participant_connected", self._on_connected)
        self._room.on("participant_disconnected", self._on_disconnected)
        self._room.on("reconnected", self._look)
        self._room.on("disconnected", self._on_close)
        self._session.on("speech_created", self._on_speech_created)
        self._session.on("close", self._on_close)

    @property
    def count(self) -> int:
        """How many callers are there."""
        return len(self._callers())

    async def wait_for_caller(self) -> bool:
        """Wait until somebody is there; False if the session ended before."""
        await self._is_there.wait()
        return not self._is_over

    def _on_connected(self, participant: rtc.RemoteParticipant) -> None:
        if self._is_caller(participant) and not self._is_there.is_set():
            logger.info("a caller is there")
            self._stop_ending()
            self._is_there.set()
            self._link(participant)

    def _on_disconnected(self, participant: rtc.RemoteParticipant) -> None:
        if self._is_caller(participant):
            self._look()

    def _look(self) -> None:
        if self._room.connection_state != rtc.ConnectionState.CONN_CONNECTED:
            return  # it is the agent who is away; to it, all others seem to leave
        callers = self._callers()
        if not callers:
            self._wait()
        elif self._session.room_io.linked_participant not in callers:
            self._link(callers[0])

    def _on_speech_created(self, event: SpeechCreatedEvent) -> None:
        if not self._is_there.is_set():
            event.speech_handle.interrupt(force=True)

    def _on_close(self, _: object) -> None:
        """The session is over, or the room."""
        self._room.off("participant_connected", self._on_connected)
        self._room.off("participant_disconnected", self._on_disconnected)
        self._room.off("reconnected", self._look)
        self._room.off("disconnected", self._on_close)
        self._session.off("close", self._on_close)
        self._stop_ending()
        self._is_over = True
        self._is_there.set()

    def _wait(self) -> None:
        self._is_there.clear()
        self._session.interrupt(force=True)
        self._session.clear_user_turn()
        if self._grace:
            logger.info("the caller has left, waiting %g s", self._grace)
        self._end_after(self._grace)

    def _end_after(self, seconds: float) -> None:
        self._stop_ending()
        self._ending = asyncio.get_running_loop().call_later(seconds, self._end)

    def _end(self) -> None:
        self._session.shutdown(drain=False)

    def _link(self, caller: rtc.RemoteParticipant) -> None:
        # A page that reloads may come back under another identity; the framework waits for the one that it had.
        self._session.room_io.set_participant(caller.identity)

    def _callers(self) -> list[rtc.RemoteParticipant]:
        return [each for each in self._room.remote_participants.values() if self._is_caller(each)]

    def _is_caller(self, participant: rtc.RemoteParticipant) -> bool:
        """Neither a recorder nor an agent, nor the avatar."""
        return participant.kind in DEFAULT_PARTICIPANT_KINDS and not self._is_avatar(participant)

    def _is_avatar(self, participant: rtc.RemoteParticipant) -> bool:
        publishes_for = participant.attributes.get(ATTRIBUTE_PUBLISH_ON_BEHALF)
        return publishes_for == self._room.local_participant.identity or participant.identity == self._avatar

    def _stop_ending(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
