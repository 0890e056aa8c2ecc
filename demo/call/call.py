"""A whole call: join, talk, hang up, and only then recognise the answers: before, the agent needs the machine."""

from __future__ import annotations

import asyncio
import os
import time
from contextlib import AsyncExitStack, aclosing, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from livekit import rtc

from agent.settings.proxies import room_proxies
from avatar.http import client_session
from demo.call.caller import Caller
from demo.call.captions import Captions
from demo.call.listener import Listener
from demo.call.microphone import Microphone
from demo.call.recording import Recording
from demo.call.room import CallRoom
from demo.call.turns import SCRIPT, Outcome, Turn
from demo.call.voices import StandIns
from demo.errors import DemoError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from demo.call.levels import Samples

# Seconds to wait for the avatar's tracks: the agent's process starts, and the avatar joins, in about ten.
AVATAR_WITHIN: Final = 60.0


@dataclass(frozen=True, slots=True)
class Call:
    """The result of a call.

    Attributes:
        opening: The agent's opening line.
        outcomes: One for each turn.
        recording: Its video and a picture from the middle of an answer, closed.
    """

    opening: str
    outcomes: Sequence[Outcome]
    recording: Recording

    @property
    def ok(self) -> bool:
        """True if no turn had a problem."""
        return not any(outcome.problems for outcome in self.outcomes)


async def call(
    url: str,
    token: str,
    *,
    stand_ins_url: str,
    directory: Path,
    script: Sequence[Turn] = SCRIPT,
    on_turn: Callable[[Outcome], None] = lambda _: None,
) -> Call:
    """Call the agent that is in a room.

    Args:
        url: LiveKit's URL.
        token: Lets the caller into the room.
        stand_ins_url: Address of the stand-ins, for the caller's speech and its recognition of answers.
        directory: Gets `call.mp4` and `frame.png`.
        script: The caller's turns.
        on_turn: Called after each turn, before the words of the answer are recognised.

    Raises:
        DemoError: The room could not be joined, no avatar came, or the stand-ins failed.
    """
    recording = Recording(directory)
    async with client_session() as http:
        stand_ins = StandIns(http, stand_ins_url)
        try:
            async with AsyncExitStack() as stack:
                caller = await _join(stack, url, token, stand_ins, recording)
                opening, taken = await _talk(caller, script, on_turn)
        finally:
            await asyncio.to_thread(recording.close)
        for outcome, answer in taken:
            outcome.answered = await stand_ins.recognise(answer)
            outcome.judge_words()
    return Call(opening, [outcome for outcome, _ in taken], recording)


async def _talk(
    caller: Caller, script: Sequence[Turn], on_turn: Callable[[Outcome], None]
) -> tuple[str, list[tuple[Outcome, Samples]]]:
    opening = await caller.hear_opening()
    taken = []
    for turn in script:
        taken.append(await caller.take(turn))
        on_turn(taken[-1][0])
    return opening, taken


async def _join(stack: AsyncExitStack, url: str, token: str, stand_ins: StandIns, recording: Recording) -> Caller:
    """Join, wait for the avatar, and set up microphone, listener and recording; the stack undoes it."""
    room = rtc.Room()
    captions = Captions(room)
    stack.push_async_callback(captions.aclose)
    call_room = CallRoom(room)
    try:
        os.environ.update(room_proxies(url))
        await room.connect(url, token)
    except rtc.ConnectError as error:
        message = f"The caller cannot join the room at {url}: {error.message}"
        raise DemoError(message) from error
    stack.push_async_callback(room.disconnect)
    microphone = Microphone(lambda samples, at: recording.add_voice("caller", samples, at))
    stack.push_async_callback(microphone.aclose)
    await microphone.publish(room)
    try:
        async with asyncio.timeout(AVATAR_WITHIN):
            audio, video = await call_room.avatar_tracks()
    except TimeoutError:
        message = f"No avatar with sound and picture came into the room within {AVATAR_WITHIN:.0f} s."
        raise DemoError(message) from None
    watching = asyncio.create_task(_watch(video, recording))
    stack.push_async_callback(_cancel, watching)
    listener = Listener(audio, lambda samples, at: recording.add_voice("avatar", samples, at))
    stack.push_async_callback(listener.aclose)
    return Caller(call_room, stand_ins, microphone, listener, captions, recording)


async def _watch(track: rtc.Track, recording: Recording) -> None:
    stream = rtc.VideoStream(track, format=rtc.VideoBufferType.I420, capacity=25)
    async with aclosing(stream):
        async for event in stream:
            recording.add_video(event.frame, time.monotonic())


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
