"""The machine with its executors: which executor carries out what, and what is logged."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from avatar.core import AvatarReason, Event, PlaybackFinished, SinkChanged, StatusChanged, Timings
from avatar.core.sink import Sink
from avatar.errors import AuthError, AvatarError, SessionOver, service_error
from avatar.link.link import AvatarLink
from avatar.link.room import RoomServer
from avatar.link.sessions import RunningSession
from simulators.liveavatar.model import Habits, ServiceModel
from tests.avatar.model_http import ModelHttp
from tests.avatar.virtual_call import loop_sources
from tests.avatar.virtual_room import VirtualRoom

pytestmark = pytest.mark.looptime

SERVER = RoomServer("ws://127.0.0.1:1", "devkey", "a-secret-of-more-than-thirty-two-characters")
SECOND = b"\x00\x20" * 24_000


class Source:
    """Sessions that a script starts or refuses; their WebSockets can't be opened."""

    def __init__(self, *refusals: AvatarError) -> None:
        self.refusals = list(refusals)
        self.stopped: list[str] = []
        self.takes = 0.0

    async def prepare(self, identity: str, avatar_id: str) -> str:
        await asyncio.sleep(self.takes)
        if self.refusals:
            raise self.refusals.pop(0)
        return f"s-{identity}"

    async def start(self, session_id: str) -> RunningSession:
        return RunningSession(session_id, "wss://service.example/ws", 600.0)

    async def stop(self, session_id: str) -> None:
        self.stopped.append(session_id)


class Link:
    """A link in a room, and everything that it reports.

    Attributes:
        link: The link under test.
        events: All events of the machine.
        fallback: The time and the PCM of each frame heard from the fallback track.
    """

    def __init__(self, source: Source, room: object, server: RoomServer | None, timings: Timings | None) -> None:
        self.events: list[Event] = []
        self.fallback: list[tuple[float, bytes]] = []
        http = ModelHttp(ServiceModel(Habits(), now=asyncio.get_running_loop().time()), lambda _: None)
        http.is_reachable = False
        self.link = AvatarLink(
            source,
            identity="face",
            avatar_id="an-avatar",
            room=cast("Any", room),
            server=server,
            http=cast("Any", http),
            on_event=self.events.append,
            timings=timings,
        )

    def reasons(self) -> list[AvatarReason | None]:
        """Return the reasons of all `StatusChanged` events."""
        return [event.status.reason for event in self.events if isinstance(event, StatusChanged)]


@asynccontextmanager
async def linked(
    source: Source, *, room: object = None, server: RoomServer | None = SERVER, timings: Timings | None = None
) -> AsyncIterator[Link]:
    """Yield a started link; afterwards it has no task left."""
    made = Link(source, room or VirtualRoom(), server, timings)
    with loop_sources(made.fallback):
        made.link.start()
        yield made
        await made.link.aclose()
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("avatar_")]


async def test_start_waits_for_the_first_answer_of_the_service() -> None:
    """A running session counts as an answer, also before its WebSocket is open."""
    source = Source()
    source.takes = 2.0
    async with linked(source) as made:
        await made.link.first_session()
        assert made.link.driver.now == pytest.approx(2.0)

    assert source.stopped == ["s-face"]


async def test_a_first_refusal_is_raised_as_its_own_error() -> None:
    """The caller of `start` gets the reason as an error of this package."""
    async with linked(Source(AuthError("a wrong key", status_code=401))) as made:
        with pytest.raises(AuthError, match="a wrong key"):
            await made.link.first_session()

        assert isinstance(made.link.last_error, AuthError)


async def test_closing_answers_callers_that_wait_for_a_session() -> None:
    """Waiting callers get no session, which is not an error of the service."""
    source = Source()
    source.takes = 1e9
    async with linked(source) as made:
        waiting = asyncio.create_task(made.link.first_session())
        await asyncio.sleep(0.1)
        await made.link.aclose()
        await waiting

        assert isinstance(made.link.last_error, SessionOver)

    assert source.stopped == []


async def test_without_an_avatar_the_fallback_track_speaks() -> None:
    """Without an avatar the fallback track is published and plays everything."""
    room = VirtualRoom()
    async with linked(Source(service_error("POST /x", status_code=401)), room=room) as made:
        made.link.driver.push_audio(SECOND, ())
        with made.link.driver.step() as now:
            made.link.machine.end_segment(now)
        await asyncio.sleep(3.0)

        assert room.agent.published == ["TR_1"]
        assert b"".join(pcm for _, pcm in made.fallback) == SECOND
        assert [event.sink for event in made.events if isinstance(event, SinkChanged)] == [Sink.FALLBACK]
        assert [event for event in made.events if isinstance(event, PlaybackFinished)] == [
            PlaybackFinished(1, 1.0, interrupted=False)
        ]

    assert room.agent.published == []


async def test_a_room_that_can_not_publish_reports_speech_as_not_heard() -> None:
    """There is only one sink, and no task waits for another one."""
    room = SimpleNamespace(name="a-room", local_participant=SimpleNamespace(identity="agent"))
    async with linked(Source(service_error("POST /x", status_code=401)), room=room) as made:
        await asyncio.sleep(0.1)
        made.link.driver.push_audio(SECOND, ())
        with made.link.driver.step() as now:
            made.link.machine.end_segment(now)

        assert [event for event in made.events if isinstance(event, PlaybackFinished)] == [
            PlaybackFinished(1, 0.0, interrupted=True)
        ]


async def test_the_session_of_a_hosted_room_is_not_released() -> None:
    """Without the keys of its server, the service owns the room, which would end with the session."""
    source = Source()
    async with linked(source, server=None) as made:
        await made.link.first_session()
        with made.link.driver.step() as now:
            made.link.machine.release("a test", now)
        await asyncio.sleep(5.0)

        assert source.stopped == []
        assert AvatarReason.RELEASED not in made.reasons()

    assert source.stopped == ["s-face"]


async def test_events_for_operators_are_logged_with_their_session(caplog: pytest.LogCaptureFixture) -> None:
    """Each kind of event is logged as one constant sentence, with its values in `extra`."""
    caplog.set_level(logging.INFO, "avatar")
    timings = Timings(reconnect=1.0)
    async with linked(Source(service_error("POST /x", status_code=503)), timings=timings) as made:
        await asyncio.sleep(3.0)
        with made.link.driver.step() as now:
            number = made.link.machine.sessions[-1].number
            made.link.machine.receive_text(number, '{"type": "error", "error": {"type": "busy"}}', now)

    told = {record.message: vars(record) for record in reversed(caplog.records) if record.name == "avatar"}
    assert told["the avatar service gave no session"]["refusal"] == "unreachable"
    assert told["the avatar service gave no session"]["retry_in"] > 0
    assert told["avatar connection lost"]["session_id"] == "s-face-2"
    assert told["avatar session left"]["reason"] == "the avatar's WebSocket can't be opened"
    assert told["avatar session left"]["levelno"] == logging.WARNING
    assert told["the avatar service reports a fault"]["kind"]
