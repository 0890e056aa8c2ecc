"""A worker as the official plugin's documentation shows it, with the vendors of ours."""

from __future__ import annotations

import asyncio
import logging

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, JobProcess, TurnHandlingOptions
from livekit.plugins import liveavatar, silero

from agent.conversation.pipeline import build_llm, build_stt, build_tts
from agent.conversation.tools import tools_named
from agent.persona import load_persona
from agent.settings import load_settings

server = AgentServer(num_idle_processes=1, preload_modules=["benchmarks.ear.official_agent"])


def prewarm(process: JobProcess) -> None:
    """Load before the first job what takes a moment."""
    process.userdata["vad"] = silero.VAD.load()


async def entrypoint(ctx: JobContext) -> None:
    """Start the avatar, start the session, say the opening line."""
    settings = load_settings()
    persona = load_persona(settings.persona)
    session = AgentSession[None](
        vad=ctx.proc.userdata["vad"],
        stt=build_stt(settings, persona),
        llm=build_llm(settings),
        tts=build_tts(settings, persona),
        # By default a model in LiveKit's cloud decides, which neither worker has here.
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
    tools = tools_named(persona.tools)
    await session.start(Agent(instructions=persona.instructions, tools=[*tools]), room=ctx.room)
    session.say(persona.opening)


server.setup_fnc = prewarm
server.rtc_session(entrypoint, agent_name=load_settings().livekit_agent_name)

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(server.run(devmode=True))
