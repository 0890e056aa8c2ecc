"""The listening pose, as the agent session's user speaks: taken and left while the avatar is idle, never in speech."""

import asyncio
from typing import Any

from livekit.agents import AgentSession, UserStateChangedEvent
from livekit.agents.voice.events import UserState
from livekit.agents.voice.io import AudioOutput

from avatar import AvatarSession
from tests.avatar.calls import call, played
from tests.avatar.fakes import LiteService, frame

POSES = ("agent.start_listening", "agent.stop_listening")


def poses(service: LiteService) -> list[str]:
    """The poses that the service was told to take, in order."""
    return [command["type"] for command in service.commands if command["type"] in POSES]


def tell(avatar: AvatarSession, old: UserState, new: UserState) -> None:
    """What the framework says of the user."""
    session: AgentSession[Any] | None = avatar._agent_session
    assert session is not None
    session.emit("user_state_changed", UserStateChangedEvent(old_state=old, new_state=new))


async def say(output: AudioOutput, seconds: float) -> None:
    """Capture a whole segment, and wait until the avatar speaks it."""
    started = asyncio.Event()
    output.once("playback_started", lambda _: started.set())
    await output.capture_frame(frame(seconds))
    output.flush()
    async with asyncio.timeout(20):
        await started.wait()


async def test_an_idle_avatar_listens_while_the_user_speaks() -> None:
    """The pose is taken when the user begins, and left when they stop: to listening as well as to away."""
    service = LiteService()
    async with call(service) as (avatar, output):
        await say(output, 0.2)
        await played(output)
        tell(avatar, "listening", "speaking")
        await service.wait_for("agent.start_listening")
        tell(avatar, "speaking", "listening")
        await service.wait_for("agent.stop_listening")
        tell(avatar, "listening", "away")
        tell(avatar, "away", "speaking")
        tell(avatar, "speaking", "away")
        await service.wait_for("agent.stop_listening", count=2)

    assert poses(service) == [*POSES, *POSES]


async def test_a_talking_avatar_takes_no_pose() -> None:
    """What the user does while the avatar talks, or is about to, changes nothing; afterwards it does again."""
    service = LiteService()
    async with call(service) as (avatar, output):
        await output.capture_frame(frame(0.5))
        tell(avatar, "listening", "speaking")
        tell(avatar, "speaking", "listening")
        await say(output, 0.5)
        tell(avatar, "listening", "speaking")
        tell(avatar, "speaking", "listening")
        await played(output)
        assert poses(service) == []

        tell(avatar, "listening", "speaking")
        await service.wait_for("agent.start_listening")

    assert poses(service) == ["agent.start_listening"]


async def test_a_paused_avatar_takes_no_pose() -> None:
    """A noise that pauses it is no reason for a pose: it has something to say yet."""
    service = LiteService()
    async with call(service) as (avatar, output):
        await say(output, 1.0)
        output.pause()
        await service.wait_for("agent.interrupt")
        tell(avatar, "listening", "speaking")
        tell(avatar, "speaking", "listening")
        output.resume()
        event = await played(output)

    assert not event.interrupted
    assert poses(service) == []
