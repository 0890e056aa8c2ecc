"""A room that records what the agent sends, and a session whose caller is in it."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import AgentSession, TurnHandlingOptions, tts
from livekit.agents.types import NOT_GIVEN

from agent.call.presence import Presence
from demo.call.changes import Changes
from tests.agent.room_fakes import Links, PeopleRoom
from tests.agent.session_fakes import ScriptedLLM, ScriptedSTT, SilentInput
from tests.agent.speech.speech_fakes import ClockedOutput

if TYPE_CHECKING:
    from collections.abc import Callable

CALLER = "caller"


class Participant:
    """The agent's own participant.

    attributes: Current attributes.
        attributes: As they are now.
        told: Every change of the attributes.
        names: Names that it had.
        packets: Data packets that it published.
        lines: Chat lines that it sent, and to whom.
        methods: RPC methods that it has registered.
    """

    def __init__(self) -> None:
        self.identity, self.sid, self.name = "the-agent", "PA_agent", ""
        self.track_publications: dict[str, Any] = {}
        self.kind = rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        self.attributes: dict[str, str] = {}
        self.told: list[dict[str, str]] = []
        self.names: list[str] = []
        self.packets: list[dict[str, Any]] = []
        self.lines: list[tuple[str, list[str] | None]] = []
        self.methods: dict[str, Callable[[rtc.RpcInvocationData], Any]] = {}
        self.failures = 0
        self.changes = Changes()
        self.is_open = asyncio.Event()
        self.is_open.set()

    async def set_attributes(self, attributes: dict[str, str]) -> None:
        await self.is_open.wait()
        if self.failures:
            self.failures -= 1
            message = "the signal is away"
            raise ConnectionError(message)
        self.attributes |= attributes
        self.told.append(attributes)

    async def set_name(self, name: str) -> None:
        self.names.append(name)

    async def publish_data(self, payload: bytes, *, reliable: bool, topic: str) -> None:
        assert reliable
        assert topic == "avatar.events"
        assert len(payload) < 15_000
        self.packets.append(json.loads(payload))
        self.changes.notify()

    async def send_text(self, text: str, *, destination_identities: list[str] | None, topic: str) -> None:
        assert topic == "lk.chat"
        self.lines.append((text, destination_identities))

    def register_rpc_method(self, name: str, serve: Callable[[rtc.RpcInvocationData], Any]) -> None:
        self.methods[name] = serve

    def unregister_rpc_method(self, name: str) -> None:
        del self.methods[name]


class Room(PeopleRoom):
    """A connected room, with the caller in it."""

    def __init__(self) -> None:
        super().__init__()
        self.local_participant: Any = Participant()
        self.come(CALLER, microphone=True)


class CalledSession(AgentSession[None]):
    """A session that runs in a fake room."""

    def __init__(
        self,
        thoughts: ScriptedLLM | None = None,
        voice: tts.TTS[Any] | None = None,
        *,
        hears: bool = False,
        room: PeopleRoom | None = None,
    ) -> None:
        super().__init__(
            stt=ScriptedSTT() if hears else NOT_GIVEN,
            llm=thoughts or NOT_GIVEN,
            tts=voice or NOT_GIVEN,
            vad=None,
            turn_handling=TurnHandlingOptions(turn_detection="stt" if hears else "manual"),
        )
        self.links = Links(room or Room())
        if hears:
            self.input.audio = SilentInput()
        if voice is not None:
            self.output.audio = ClockedOutput()

    @property
    def room_io(self) -> Any:
        return self.links


def presence_of(session: CalledSession, room: PeopleRoom) -> Presence:
    """Make a `Presence` of this room; call `watch` when the session has started."""
    any_room: Any = room
    return Presence(session, any_room, 60.0, on_over=lambda: None)
