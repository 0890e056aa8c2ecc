"""`doctor --call`: one real session, spoken to, interrupted and stopped, and recorded."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import aiohttp
from livekit import api
from livekit.agents import APIError

from agent.conversation.pipeline import build_tts
from agent.doctor import ROOM_PREFIX
from agent.doctor.listener import Listener
from agent.doctor.moments import Moments
from agent.doctor.paid_session import paid_session
from agent.doctor.wire import Wire
from agent.framework import plugin_http_session
from agent.persona import Persona
from agent.sessions.sweeper import open_journal
from agent.settings import Settings
from avatar import AvatarError, LiveAvatarAPI
from avatar.api import Room, StartedSession
from avatar.recording import Recorder
from avatar.room_token import mint_room_token
from avatar.sessions.hosted import AVATAR_IDENTITY
from avatar.sessions.port import Journal

SENTENCES = (
    "Hello, this is a test call, and this sentence is long enough to be interrupted while I am in the middle of it.",
    "This is the second sentence, which is heard to its end.",
    "And this is the last one.",
)

_AGENT_IDENTITY = "doctor"
_IDENTITY = "doctor-avatar"

# Seconds to wait for each step; then the call goes on without it. The service may report `connected` late or never
# (field observations 32, 35), and a session's first speech may take 3 s to begin (44).
_CONNECTED_S = 3.0
_JOINED_S = 15.0
_SOUND_S = 2.0
_SPEAKS_S = 8.0
_INTERRUPT_AFTER_S = 1.5
_SILENT_S = 3.0
_ENDS_S = 4.0
_LEAVES_S = 6.0


class CallError(Exception):
    """The test call could not be made; the message says why."""


@dataclass(slots=True)
class DoctorCall:
    """The script of the call.

    Attributes:
        settings: Complete ones; `liveavatar_sandbox` decides whether it costs anything.
        persona: Has the voice, and perhaps the avatar.
        recorder: Records everything.
        say: Called with a line for each step.
    """

    settings: Settings
    persona: Persona
    recorder: Recorder
    say: Callable[[str], None]

    async def make(self) -> None:
        """Make the call. The session is stopped in any case, even after an error or a cancellation.

        Raises:
            CallError: The call could not be made, or did not finish.
        """
        try:
            async with AsyncExitStack() as stack:
                journal = open_journal(self.settings)
                stack.callback(journal.disown)
                http = await stack.enter_async_context(plugin_http_session())
                # Synthesise before the session, which costs credits while it runs.
                speech = [await self._synthesize(sentence) for sentence in SENTENCES]
                await self._call(http, self._service(http, journal), speech)
        except (AvatarError, APIError) as error:
            raise CallError(str(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            message = f"the call could not go on: {type(error).__name__}"
            raise CallError(message) from error

    async def _call(self, http: aiohttp.ClientSession, service: LiveAvatarAPI, speech: list[bytes]) -> None:
        moments = Moments()
        await self._ask_balance(service)
        async with self._session(service, moments) as session:
            async with Wire(http, session.ws_url, self.recorder, moments) as wire:
                await self._wait("the session is connected", moments, "connected", _CONNECTED_S)
                await self._wait("the avatar is in the room", moments, "joined", _JOINED_S)
                await moments.wait_for("sound", within=_SOUND_S)
                await self._interrupted(wire, speech[0], moments)
                await self._whole(wire, speech[1], moments)
                await self._keep_alive(service, session.session_id)
            self.say("opening a second WebSocket")
            async with Wire(http, session.ws_url, self.recorder, moments) as wire:
                await moments.wait_for("connected", more_than=moments.count("connected"), within=_CONNECTED_S)
                await self._whole(wire, speech[2], moments)
                self.say("stopping the session")
                await service.stop(session.session_id)
                await self._wait("the avatar has left", moments, "left", _LEAVES_S)
                await moments.wait_for("closed", more_than=moments.count("closed"), within=_LEAVES_S)
        await self._ask_balance(service)

    @asynccontextmanager
    async def _session(self, service: LiveAvatarAPI, moments: Moments) -> AsyncIterator[StartedSession]:
        """Start a session, with a listener in its room."""
        async with AsyncExitStack() as stack:
            room = None
            if self.settings.room_owner == "ours":
                name = f"{ROOM_PREFIX}{secrets.token_hex(4)}"
                listener = Listener(self.settings.livekit_url, self._own_token(name), _IDENTITY, self.recorder, moments)
                await stack.enter_async_context(listener)
                room = Room(self.settings.avatars_url, name, self._avatar_token(name))
            self.say("starting a session")
            token = await service.create_token(
                avatar_id=self.settings.avatar_id(self.persona.avatar_id),
                room=room,
                is_sandbox=self.settings.liveavatar_sandbox,
                video_quality=self.settings.liveavatar_video_quality,
            )
            session = await stack.enter_async_context(paid_session(service, token, self.say))
            if room is None:
                url, agent_token = session.livekit_url or "", session.agent_token or ""
                await stack.enter_async_context(Listener(url, agent_token, AVATAR_IDENTITY, self.recorder, moments))
            yield session

    async def _interrupted(self, wire: Wire, pcm: bytes, moments: Moments) -> None:
        heard, cleared, silent = (moments.count(name) for name in ("audible", "cleared", "silent"))
        self.say("speaking")
        await wire.speak(pcm)
        if not await moments.wait_for("audible", more_than=heard, within=_SPEAKS_S):
            self.say("  not heard; going on")
            return
        await asyncio.sleep(_INTERRUPT_AFTER_S)
        self.say("interrupting")
        await wire.interrupt()
        await moments.wait_for("cleared", more_than=cleared, within=_SILENT_S)
        await moments.wait_for("silent", more_than=silent, within=_SILENT_S)

    async def _whole(self, wire: Wire, pcm: bytes, moments: Moments) -> None:
        heard, silent = moments.count("audible"), moments.count("silent")
        self.say("speaking")
        await wire.speak(pcm)
        if not await moments.wait_for("audible", more_than=heard, within=_SPEAKS_S):
            self.say("  not heard; going on")
            return
        seconds = len(pcm) / 48_000
        await moments.wait_for("silent", more_than=silent, within=seconds + _ENDS_S)

    async def _wait(self, what: str, moments: Moments, name: str, seconds: float) -> None:
        if await moments.wait_for(name, within=seconds):
            self.say(what)
        else:
            self.say(f"not seen within {seconds:.0f} s: {what}; going on")

    async def _keep_alive(self, service: LiveAvatarAPI, session_id: str) -> None:
        """Try a keep-alive; a refusal is in the recording, and the call goes on."""
        with suppress(AvatarError):
            await service.keep_alive(session_id)

    async def _ask_balance(self, service: LiveAvatarAPI) -> None:
        """Ask for the balance; a refusal is in the recording, and the call goes on."""
        with suppress(AvatarError):
            await service.credits_left()

    async def _synthesize(self, sentence: str) -> bytes:
        tts = build_tts(self.settings, self.persona)
        try:
            frame = await tts.synthesize(sentence).collect()
        finally:
            await tts.aclose()
        return bytes(frame.data)

    def _service(self, http: aiohttp.ClientSession, journal: Journal) -> LiveAvatarAPI:
        return LiveAvatarAPI(
            http,
            api_key=self.settings.liveavatar.key.get_secret_value(),
            api_url=self.settings.avatar_service_url,
            journal=journal,
            recorder=self.recorder,
        )

    def _own_token(self, room: str) -> str:
        grants = api.VideoGrants(room_join=True, room=room, can_publish=False)
        key, secret = self.settings.livekit_api_key, self.settings.livekit_api_secret.get_secret_value()
        return api.AccessToken(key, secret).with_identity(_AGENT_IDENTITY).with_grants(grants).to_jwt()

    def _avatar_token(self, room: str) -> str:
        return mint_room_token(
            room=room,
            identity=_IDENTITY,
            name=self.persona.name,
            agent_identity=_AGENT_IDENTITY,
            api_key=self.settings.livekit_api_key,
            api_secret=self.settings.livekit_api_secret.get_secret_value(),
        )
