"""A job in a fake room, whose vendors follow scripts: a whole call without LiveKit."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from livekit import rtc
from livekit.agents import AutoSubscribe, TurnHandlingOptions

import agent.call.call
import agent.call.callers
import agent.call.face
import agent.control.personas
from agent.call.call import Call
from agent.conversation.call_session import CallSession
from agent.persona import Persona
from agent.settings import Settings
from tests.agent.control.fakes import Participant
from tests.agent.room_fakes import PeopleRoom
from tests.agent.session_fakes import ScriptedLLM
from tests.agent.speech.speech_fakes import Line, ScriptedTTS
from tests.avatar.fakes import KEY, LiteService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    import pytest
    from livekit.agents.llm import ChatMessage, Tool

    from agent.call.kept import Conversation, Keeper
    from avatar.sessions.port import Journal
    from tests.agent.session_fakes import Reply

BACK = "Sorry, I was gone for a moment."
OPENING, GOODBYE, STORY, BYE = "Hello there.", "Goodbye to you.", "A story.", "Bye."
VOICE = {OPENING: Line(0.3, 1), GOODBYE: Line(0.5, 2), STORY: Line(20.0, 3), BYE: Line(0.3, 4), BACK: Line(0.3, 5)}
PERSONA = Persona(name="Ada", instructions="Be kind.", opening=OPENING, goodbye=GOODBYE)
WEB_ROOM = "call-0123456789abcdef"
CLIENT = "client"


class JobParticipant(Participant):
    """The agent's participant, which can publish a track and captions.

    Attributes:
        tracks: Names of the published tracks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tracks: list[str] = []

    async def publish_track(self, track: rtc.LocalAudioTrack, _: rtc.TrackPublishOptions) -> Any:
        self.tracks.append(track.name)
        return SimpleNamespace(sid=track.name, wait_for_subscription=self._subscribed)

    async def unpublish_track(self, sid: str) -> None:
        self.tracks.remove(sid)

    async def stream_text(self, **_: object) -> Any:
        return SimpleNamespace(write=self._subscribed, aclose=self._subscribed)

    async def _subscribed(self, *_: object, **__: object) -> None: ...


class JobRoom(PeopleRoom):
    """A job's room."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.local_participant: Any = JobParticipant()

    def register_byte_stream_handler(self, topic: str, handler: Any) -> None:
        """Accept a handler of pre-connect audio; none is sent."""

    def unregister_byte_stream_handler(self, topic: str) -> None: ...


class RoomService:
    """LiveKit's server API, as far as a call needs it."""

    def __init__(self) -> None:
        self.deleted: list[str] = []

    async def delete_room(self, request: Any) -> None:
        self.deleted.append(request.room)


class Job:
    """The part of a job context that a call uses."""

    def __init__(self, room: JobRoom, service: LiteService) -> None:
        self.room: Any = room
        self._service = service
        self.asked_before_connecting: list[str] = []
        self.job = SimpleNamespace(id="AJ_job", room=SimpleNamespace(name=room.name))
        self.rooms = RoomService()
        self.api = SimpleNamespace(room=self.rooms)
        self.has_ended = asyncio.Event()
        self.reason = ""

    def is_fake_job(self) -> bool:
        return False

    async def connect(self, *, auto_subscribe: AutoSubscribe) -> None:
        self.auto_subscribe = auto_subscribe
        await asyncio.sleep(0.1)
        self.asked_before_connecting = [path for path, _ in self._service.calls]
        self.room.tell("connection_state_changed", rtc.ConnectionState.CONN_CONNECTED)

    def shutdown(self, reason: str = "") -> None:
        self.reason = reason
        self.has_ended.set()


class Stage:
    """A call with everything around it.

    Attributes:
        service: LiveAvatar's fake API.
        thoughts: The scripted language model.
        room: The fake room and its participants.
        job: The call's job.
        call: The call under test.
    """

    def __init__(
        self,
        service: LiteService,
        room: JobRoom,
        thoughts: ScriptedLLM,
        settings: Settings,
        *,
        journal: Journal | None = None,
        keeper: Keeper | None = None,
        resumed: Conversation | None = None,
    ) -> None:
        self.service = service
        self.thoughts = thoughts
        self.room = room
        self.job = Job(room, service)
        job: Any = self.job
        vad: Any = None
        self.call = Call(job, settings, PERSONA, vad, journal, keeper=keeper, resumed=resumed)

    @property
    def session(self) -> CallSession:
        return self.call._session

    @property
    def attributes(self) -> dict[str, str]:
        """Return the attributes of the agent's participant."""
        attributes: dict[str, str] = self.room.local_participant.attributes
        return attributes

    @property
    def said(self) -> list[ChatMessage]:
        """Return the agent's messages so far."""
        return [message for message in self.session.history.messages() if message.role == "assistant"]

    async def has_said(self, text: str) -> None:
        """Wait until this text is in the history, whole or cut off."""
        async with asyncio.timeout(20):
            while not any(text.startswith(message.text_content or "?") for message in self.said):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def shows(self, avatar: str) -> None:
        """Wait until the `avatar` attribute of the agent's participant begins with this text."""
        async with asyncio.timeout(20):
            while not self.attributes.get("avatar", "").startswith(avatar):  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def publishes(self, track: str) -> None:
        """Wait until the agent publishes a track with this name."""
        async with asyncio.timeout(20):
            while track not in self.room.local_participant.tracks:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    async def has_ended(self) -> None:
        """Wait until the job was asked to shut down."""
        async with asyncio.timeout(20):
            await self.job.has_ended.wait()


@asynccontextmanager
async def staged(
    monkeypatch: pytest.MonkeyPatch,
    *replies: Reply,
    service: LiteService | None = None,
    room: str = WEB_ROOM,
    tools: Sequence[Tool] = (),
    journal: Journal | None = None,
    keeper: Keeper | None = None,
    resumed: Conversation | None = None,
    **given: object,
) -> AsyncIterator[Stage]:
    """Make a call that is not started yet, without the waits for the avatar's picture and for a reload."""
    monkeypatch.setattr(agent.call.callers, "RELOAD_GRACE", 0.0)
    monkeypatch.setattr(agent.call.face, "_JOIN_TIMEOUT", 0.05)
    monkeypatch.setattr(agent.control.personas, "tools_of", lambda *_: list(tools))
    service = service or LiteService()
    async with service.running_server() as url:
        settings = Settings.model_validate(
            {
                "liveavatar_api_key": KEY,
                "liveavatar_api_url": url,
                "liveavatar_avatar_id": "an-avatar",
                "livekit_url": "ws://127.0.0.1:1",
                "livekit_api_key": "devkey",
                "livekit_api_secret": "a-secret-of-more-than-thirty-two-characters",
                **given,
            }
        )
        thoughts = ScriptedLLM(*replies)
        turns = TurnHandlingOptions(turn_detection="manual")
        monkeypatch.setattr(
            agent.call.call,
            "build_session",
            lambda *_: CallSession(vad=None, llm=thoughts, tts=ScriptedTTS(VOICE), turn_handling=turns),
        )
        stage = Stage(service, JobRoom(room), thoughts, settings, journal=journal, keeper=keeper, resumed=resumed)
        try:
            yield stage
        finally:
            await stage.call.close()
            # Wait here for what the end has left running.
            await stage.call._face.stop()
