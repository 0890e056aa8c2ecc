"""Opens the voice when one is needed, and closes it when the avatar is back."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from livekit import rtc

from avatar.audience import Audience
from avatar.core import Mouth
from avatar.playback import Playback
from avatar.voice import RoomVoice

logger = logging.getLogger("avatar")

_AGAIN_AFTER = 2.0
# Seconds before what the room's server has refused is tried again.


class Mouths:
    """The voice of a call, while it has one. The avatar is not heard beside it.

    Args:
        playback: Whose speech is said.
        room: Where; one that can't publish has no voice.
        audience: Who is in it.
    """

    def __init__(self, playback: Playback, room: rtc.Room, audience: Audience) -> None:
        self._playback = playback
        self._room = room
        # What is only like a room may be mute; a room has no local participant to ask before it is joined.
        self._is_room = isinstance(room, rtc.Room)
        self._audience = audience
        self._voice: asyncio.Task[None] | None = None
        self._is_closed = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._silenced: str | None = None
        self._asked = ("", True)  # whether this avatar is to be heard
        self._hearing: asyncio.Task[None] | None = None

    @property
    def has_voice(self) -> bool:
        """Whether there can be a voice in this room."""
        return self._is_room or hasattr(self._room.local_participant, "publish_track")

    def open_voice(self) -> None:
        """There is something to say, and no avatar to say it."""
        if self.has_voice and self._voice is None and not self._is_closed:
            self._voice = self._run(self._speak(), "avatar_voice")

    def change(self, mouth: Mouth, avatar: str | None) -> None:
        """From now on this one speaks; `avatar` is the identity of the avatar that is in the room."""
        logger.info("the %s speaks", mouth.value)
        if mouth is Mouth.VOICE:
            self._silenced = avatar
            if avatar is not None:
                self._let_hear(avatar, audible=False)
            return
        if self._voice is not None:
            self._voice.cancel()
            self._voice = None
        if avatar is not None and avatar == self._silenced:
            self._let_hear(avatar, audible=True)

    async def aclose(self) -> None:
        """Close the voice; there will be none any more."""
        self._is_closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _speak(self) -> None:
        try:
            await RoomVoice(self._playback, self._room).run()
        except Exception as error:  # noqa: BLE001 - whatever it is: without a voice there is only silence
            logger.error("no voice either: %s", str(error) or type(error).__name__)  # noqa: TRY400 - a sentence
            await asyncio.sleep(_AGAIN_AFTER)
            self._voice = None
            self._playback.act(self._playback.core.voice_closed)  # and it is asked for anew

    def _let_hear(self, avatar: str, *, audible: bool) -> None:
        self._asked = (avatar, audible)
        if self._hearing is None or self._hearing.done():
            self._hearing = self._run(self._see_to_it(), "avatar_hearing")

    async def _see_to_it(self) -> None:
        """One request after the other, until what was asked for last is done."""
        done = None
        while done != (asked := self._asked):
            avatar, audible = asked
            if await self._audience.let_hear(avatar, audible=audible):
                done = asked
            else:
                await asyncio.sleep(_AGAIN_AFTER)

    def _run(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
