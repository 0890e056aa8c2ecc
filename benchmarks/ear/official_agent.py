"""A worker as the official plugin's documentation shows it, with our worker's vendors."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from livekit.agents import (
    Agent,
    AgentServer,
    AgentSession,
    JobContext,
    JobProcess,
    ModelSettings,
    TurnHandlingOptions,
    llm,
)
from livekit.plugins import liveavatar, silero

from agent.control.events import Events, TurnEvent
from agent.control.turn_timings import TurnTimings
from agent.conversation.pipeline import build_llm, build_stt, build_tts
from agent.persona import load_persona
from agent.settings import load_settings
from agent.tools.functions import tools_named

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator

    from livekit import rtc

server = AgentServer(num_idle_processes=1, preload_modules=["benchmarks.ear.official_agent"])


def prewarm(process: JobProcess) -> None:
    """Load the voice activity detection before the first job."""
    process.userdata["vad"] = silero.VAD.load()


class TimedAgent(Agent):
    """An agent with the framework's own nodes, which notes when a node's first output comes.

    Args:
        timings: Notes the times.
    """

    def __init__(self, timings: TurnTimings, *, instructions: str, tools: list[llm.Tool]) -> None:
        super().__init__(instructions=instructions, tools=[*tools])
        self._timings = timings

    async def llm_node(
        self, chat_ctx: llm.ChatContext, tools: list[llm.Tool], model_settings: ModelSettings
    ) -> AsyncIterator[Any]:
        """Run the framework's node, and note its first token."""
        async for chunk in Agent.default.llm_node(self, chat_ctx, tools, model_settings):
            self._timings.first_token()
            yield chunk

    async def tts_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[rtc.AudioFrame]:
        """Run the framework's node, and note its first audio."""
        async for frame in Agent.default.tts_node(self, text, model_settings):
            self._timings.first_audio()
            yield frame


async def entrypoint(ctx: JobContext) -> None:
    """Start the avatar, start the session, say the opening line."""
    settings = load_settings()
    persona = load_persona(settings.persona)
    session = AgentSession[None](
        vad=ctx.proc.userdata["vad"],
        stt=build_stt(settings, persona),
        llm=build_llm(settings, persona),
        tts=build_tts(settings, persona),
        # The default is a model in LiveKit's cloud, which neither worker has here.
        turn_handling=TurnHandlingOptions(turn_detection="vad"),
    )
    vendor = settings.liveavatar
    avatar = liveavatar.AvatarSession(
        avatar_id=settings.avatar_id(),
        api_key=vendor.key.get_secret_value(),
        api_url=f"{vendor.url}/v1/sessions",
        video_quality=settings.liveavatar_video_quality,
    )
    await avatar.start(session, room=ctx.room)
    events = Events(ctx.room)
    timings = TurnTimings(
        session, lambda turn: events.tell(TurnEvent(turn=turn.number, by=turn.by, stages=turn.stages))
    )
    agent = TimedAgent(timings, instructions=persona.instructions, tools=[*tools_named(persona.tools)])
    await session.start(agent, room=ctx.room)
    events.start()
    if session.output.audio is not None:
        session.output.audio.on("playback_started", timings.speaking)
    session.say(persona.opening)


server.setup_fnc = prewarm
server.rtc_session(entrypoint, agent_name=load_settings().livekit_agent_name)

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(server.run(devmode=True))
