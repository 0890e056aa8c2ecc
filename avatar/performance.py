"""All that speaks for one agent session, put together: the avatar, what keeps it there, and the voice."""

import asyncio
import logging
import random
from collections.abc import Callable

import aiohttp
from livekit import rtc

from avatar.attendance import Attendance
from avatar.audience import Audience
from avatar.audio_output import AvatarAudioOutput
from avatar.connection import AvatarConnection
from avatar.core import (
    AvatarProtocol,
    Connected,
    Event,
    MouthChanged,
    PlaybackFinished,
    ServiceFault,
    SessionEnded,
    SpeechLost,
    SpeechSent,
    Unresponsive,
    VoiceNeeded,
)
from avatar.errors import AvatarError
from avatar.mouths import Mouths
from avatar.playback import Playback
from avatar.recovery import AvatarStatus, Recovery
from avatar.service_session import ServiceSession, Sessions

logger = logging.getLogger("avatar")

_FIRST_WAIT = 10.0
# Seconds from the start for which what is said waits for the avatar; then the voice says it.


class Performance:
    """One core, and everybody who carries what it has to say.

    Args:
        sessions: Where avatars come from.
        room: Where they appear, and the voice speaks.
        audience: Who hears them.
        http: Opens WebSockets.
        first: A session that was started already.
        on_status: Told when the avatar comes or goes.
        on_sent: Called when the first chunk of a segment has left.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        room: rtc.Room,
        audience: Audience,
        http: aiohttp.ClientSession,
        first: ServiceSession | None,
        on_status: Callable[[AvatarStatus], None],
        on_sent: Callable[[], object],
    ) -> None:
        self._on_sent = on_sent
        self._core = AvatarProtocol(f"la-{random.getrandbits(32):08x}")
        self.playback = Playback(self._core, self._on_event)
        self.output = AvatarAudioOutput(self.playback)
        self._mouths = Mouths(self.playback, room, audience)
        connection = AvatarConnection(self.playback, http)
        loop = asyncio.get_running_loop()
        attendance = Attendance(room, lambda: self._core.avatar_sounds(loop.time()))
        self.recovery = Recovery(self.playback, connection, sessions, attendance, first=first, on_status=on_status)
        self.playback.act(lambda now: self._core.expect_avatar(now + _FIRST_WAIT, now))

    @property
    def session(self) -> ServiceSession | None:
        """The service's session that speaks, or is about to."""
        return self.recovery.session

    async def run(self) -> AvatarError:
        """Keep an avatar there; returns why there can't be one any more. The voice, if there is one, goes on."""
        lost = await self._recover()
        by_voice = " by voice" if self._mouths.has_voice else ", mute"
        logger.error("there is no avatar, the call goes on%s: %s", by_voice, lost)
        if self._mouths.has_voice:
            self.playback.act(lambda now: self._core.expect_avatar(now, now))
        else:
            self.playback.act(self._core.close)
        return lost

    async def _recover(self) -> AvatarError:
        try:
            return await self.recovery.run()
        except Exception as error:
            logger.exception("nobody keeps an avatar there any more")
            message = f"the avatar's recovery failed: {type(error).__name__}"
            return AvatarError(message)

    async def aclose(self) -> None:
        """Nobody speaks any more: everything captured is finished."""
        await self._mouths.aclose()
        self.playback.aclose()

    def _on_event(self, event: Event) -> None:
        session = {"session_id": None if self.session is None else self.session.session_id}
        match event:
            case Connected():
                self.recovery.connected()
            case Unresponsive(waited=waited):
                self.recovery.hang_up(f"the service did not say connected within {waited:.0f} s")
            case SessionEnded(state=state):
                self.recovery.give_up(f"the service ended the session: {state}")
            case SpeechLost():
                self.recovery.give_up("the avatar does not speak what it was given")
            case VoiceNeeded():
                self._mouths.open_voice()
            case MouthChanged(mouth=mouth):
                self._mouths.change(mouth, None if self.session is None else self.session.identity)
                self.recovery.mouth_changed(mouth)
            case ServiceFault(kind=kind, detail=detail):
                logger.warning("the avatar service complains: %s %s", kind, detail, extra=session)
            case SpeechSent():
                self._on_sent()
            case PlaybackFinished():
                self.output.report(event)
                self.recovery.segment_ended()
            case _:
                self.output.report(event)
