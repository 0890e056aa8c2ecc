"""The voice comes when it is needed, and who hears the avatar is set right in the end."""

import asyncio
from typing import Any

import pytest
from livekit import rtc

from avatar.audience import FreeAudience
from avatar.core import AvatarProtocol, Event, Mouth, MouthChanged, PlaybackFinished, VoiceNeeded
from avatar.mouths import Mouths
from avatar.playback import Playback
from avatar.voice import RoomVoice
from tests.avatar.fakes import FakeRoom


class Publication:
    """A published track, to which nobody subscribes unless the test says so."""

    def __init__(self) -> None:
        self.sid = "TR_voice"
        self.subscribed = asyncio.Event()
        self.waits = asyncio.Event()

    async def wait_for_subscription(self) -> None:
        self.waits.set()
        await self.subscribed.wait()


class Participant:
    """The agent in the room: its first tries to publish fail, as many as it is told."""

    def __init__(self, *, failures: int = 0) -> None:
        self.identity = "the-agent"
        self.failures = failures
        self.publication = Publication()
        self.tries = 0
        self.asked = asyncio.Event()
        self.may_publish = asyncio.Event()
        self.may_publish.set()
        self.unpublished: list[str] = []

    async def publish_track(self, *_: object) -> Publication:
        self.tries += 1
        self.asked.set()
        await self.may_publish.wait()
        if self.failures:
            self.failures -= 1
            message = "the engine is closed"
            raise rtc.participant.PublishTrackError(message)
        return self.publication

    async def unpublish_track(self, sid: str) -> None:
        self.unpublished.append(sid)


def room_with(participant: Participant) -> Any:
    """A room in which nobody else is."""
    room: Any = FakeRoom()
    room.local_participant = participant
    return room


class Stage:
    """A core, its voice and its audience; nobody is there but the agent."""

    def __init__(self, participant: Participant, audience: Any) -> None:
        self.participant = participant
        self.room = room_with(participant)
        self.core = AvatarProtocol("la")
        self.playback = Playback(self.core, self._on_event)
        self.mouths = Mouths(self.playback, self.room, audience)
        self.opened = asyncio.Event()

    def _on_event(self, event: Event) -> None:
        match event:
            case VoiceNeeded():
                self.mouths.open_voice()
            case MouthChanged(mouth=mouth):
                self.mouths.change(mouth, None)
                if mouth is Mouth.VOICE:
                    self.opened.set()
            case _:
                pass

    def speak(self) -> None:
        self.playback.act(lambda now: self.core.expect_avatar(now, now))
        self.playback.act(lambda now: self.core.push_audio(bytes(480), now))

    async def aclose(self) -> None:
        await self.mouths.aclose()
        self.playback.aclose()


async def test_a_voice_that_failed_is_asked_for_again(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as there is something to say: a room that is away for a moment is no reason to be mute for good."""
    monkeypatch.setattr("avatar.mouths._AGAIN_AFTER", 0.05)
    participant = Participant(failures=2)
    participant.publication.subscribed.set()
    stage = Stage(participant, FreeAudience())
    stage.speak()
    async with asyncio.timeout(10):
        await stage.opened.wait()
    await stage.aclose()

    assert participant.tries == 3
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == [
        "no voice either: the engine is closed"
    ] * 2
    assert participant.unpublished == ["TR_voice"]


async def test_a_voice_that_is_let_go_of_before_it_is_heard_is_not_left_in_the_room() -> None:
    """The avatar is back while the voice waits for its hearers: its track is taken down."""
    stage = Stage(Participant(), FreeAudience())
    voice = asyncio.create_task(RoomVoice(stage.playback, stage.room).run())
    await stage.participant.publication.waits.wait()
    voice.cancel()
    await asyncio.gather(voice, return_exceptions=True)

    assert stage.participant.unpublished == ["TR_voice"]
    await stage.aclose()


@pytest.mark.parametrize("failures", [0, 1])
async def test_no_voice_comes_after_the_end(failures: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of what it says, or while its track is being published: it goes, and no other is asked for."""
    monkeypatch.setattr("avatar.mouths._AGAIN_AFTER", 0.05)
    participant = Participant(failures=failures)
    participant.may_publish.clear()
    stage = Stage(participant, FreeAudience())
    stage.speak()
    await participant.asked.wait()
    if not failures:
        participant.publication.subscribed.set()
        participant.may_publish.set()
        async with asyncio.timeout(10):
            await stage.opened.wait()
    asyncio.get_running_loop().call_later(0.1, participant.may_publish.set)
    await stage.mouths.aclose()
    await asyncio.sleep(0.3)

    assert participant.tries == 1
    assert participant.unpublished == ([] if failures else ["TR_voice"])
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("avatar_")]
    await stage.aclose()


def test_speech_that_no_voice_can_say_is_dropped_after_half_a_minute() -> None:
    """However often it is tried: the half minute is counted from when nobody was there, not from the last try."""
    now = 0.0
    core = AvatarProtocol("la")
    core.expect_avatar(now, now)
    core.push_audio(bytes(480), now)
    core.end_segment(now)
    finished: list[float] = []
    while not finished and now < 120.0:
        now += 1.0
        core.handle_timeout(now)
        events = core.events()
        if VoiceNeeded() in events:
            core.voice_closed(now)  # it could not be published
        finished = [now for event in events if isinstance(event, PlaybackFinished)]

    assert finished == [30.0]


class Slow:
    """An audience that answers when the test says so, and refuses as often as it is told."""

    def __init__(self, *, refusals: int = 0) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.refusals = refusals
        self.may_answer = asyncio.Event()
        self.done = asyncio.Event()
        self.at_once = 0
        self.most_at_once = 0

    async def let_hear(self, identity: str, *, audible: bool) -> bool:
        self.asked.append((identity, audible))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await self.may_answer.wait()
        self.at_once -= 1
        if self.refusals:
            self.refusals -= 1
            return False
        if audible:
            self.done.set()
        return True


async def test_the_avatar_is_given_back_after_it_was_taken_never_before() -> None:
    """Two requests under way at once could arrive in either order."""
    audience = Slow()
    stage = Stage(Participant(), audience)
    stage.mouths.change(Mouth.VOICE, "avatar")
    await asyncio.sleep(0)
    stage.mouths.change(Mouth.AVATAR, "avatar")
    audience.may_answer.set()
    async with asyncio.timeout(10):
        await audience.done.wait()
    await stage.aclose()

    assert audience.asked == [("avatar", False), ("avatar", True)]
    assert audience.most_at_once == 1


async def test_an_avatar_that_could_not_be_given_back_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be seen and never heard."""
    monkeypatch.setattr("avatar.mouths._AGAIN_AFTER", 0.05)
    audience = Slow()
    audience.may_answer.set()
    stage = Stage(Participant(), audience)
    stage.mouths.change(Mouth.VOICE, "avatar")
    await asyncio.sleep(0.01)
    audience.refusals = 2
    stage.mouths.change(Mouth.AVATAR, "avatar")
    async with asyncio.timeout(10):
        await audience.done.wait()
    await stage.aclose()

    assert audience.asked == [("avatar", False)] + [("avatar", True)] * 3
