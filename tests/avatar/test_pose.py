"""The listening pose: taken while the user speaks and after the avatar's own last word, never while it speaks."""

import pytest
from livekit.agents import UserStateChangedEvent
from livekit.agents.voice.events import UserState

from tests.avatar.virtual_call import VirtualCall, virtual_call

pytestmark = pytest.mark.looptime

START, STOP = "agent.start_listening", "agent.stop_listening"


def poses(call: VirtualCall) -> list[str]:
    """Return the poses that the service was asked for, in order."""
    return [frame["type"] for frame in call.http.frames if frame["type"] in {START, STOP}]


def tell(call: VirtualCall, old: UserState, new: UserState) -> None:
    """Report a change of the user's state, as the framework does."""
    call.session.emit("user_state_changed", UserStateChangedEvent(old_state=old, new_state=new))


async def test_an_idle_avatar_listens_while_the_user_speaks() -> None:
    """The pose is taken when the user begins to speak, and left when the user's state becomes listening or away."""
    async with virtual_call() as call:
        await call.is_live()
        tell(call, "listening", "speaking")
        tell(call, "speaking", "listening")
        tell(call, "listening", "away")
        tell(call, "away", "speaking")
        tell(call, "speaking", "away")
        await call.until(lambda: len(poses(call)) == 4)

    assert poses(call) == [START, STOP, START, STOP]


async def test_a_talking_avatar_takes_no_pose_before_its_last_word() -> None:
    """The user's speech changes no pose of a talking avatar; after the last word the avatar listens."""
    async with virtual_call() as call:
        await call.is_live()
        await call.say(0.5, flush=False)
        tell(call, "listening", "speaking")
        tell(call, "speaking", "listening")
        await call.say(0.5)
        await call.until(lambda: len(call.heard()) > 0)
        tell(call, "listening", "speaking")
        tell(call, "speaking", "listening")
        assert poses(call) == []
        await call.played()
        await call.until(lambda: poses(call) == [START])
        tell(call, "listening", "speaking")
        await call.until(lambda: poses(call) == [START, START])


async def test_a_paused_avatar_does_not_react_to_the_users_state() -> None:
    """A paused avatar has listened since the interrupt, and a noise changes no pose."""
    async with virtual_call() as call:
        await call.say(2.0)
        await call.until(lambda: len(call.heard()) > 0)
        call.output.pause()
        await call.until(lambda: poses(call) == [START])
        tell(call, "listening", "speaking")
        tell(call, "speaking", "listening")
        call.output.resume()
        event = await call.played()

    assert not event.interrupted
    assert poses(call) == [START, START]


async def test_the_avatar_listens_to_a_user_who_interrupts() -> None:
    """The interrupt is sent first, then the pose."""
    async with virtual_call() as call:
        await call.say(5.0)
        await call.until(lambda: len(call.heard()) > 0)
        call.output.clear_buffer()
        await call.until(lambda: poses(call) == [START])

    kinds = [frame["type"] for frame in call.http.frames]
    assert kinds[kinds.index("agent.interrupt") :] == ["agent.interrupt", START]
