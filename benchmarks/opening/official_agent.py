"""A worker as the official plugin's documentation shows it, with our worker's pipeline and opening line."""

from __future__ import annotations

import asyncio
import logging

from livekit.agents import Agent, AgentServer, JobContext, JobProcess
from livekit.plugins import liveavatar

from agent.conversation.pipeline import build_session, load_vad
from agent.persona import load_persona
from agent.settings import load_settings

server = AgentServer(num_idle_processes=1, preload_modules=["benchmarks.opening.official_agent"])


def prewarm(process: JobProcess) -> None:
    """Load the voice activity detection before the first job."""
    process.userdata["vad"] = load_vad()


async def entrypoint(ctx: JobContext) -> None:
    """Start the avatar, start the session, say the opening line."""
    settings = load_settings()
    persona = load_persona(settings.persona)
    session = build_session(settings, persona, ctx.proc.userdata["vad"])
    vendor = settings.liveavatar
    avatar = liveavatar.AvatarSession(
        avatar_id=settings.avatar_id(),
        api_key=vendor.key.get_secret_value(),
        api_url=f"{vendor.url}/v1/sessions",
        video_quality=settings.liveavatar_video_quality,
    )
    await avatar.start(session, room=ctx.room)
    await session.start(Agent(instructions=persona.instructions), room=ctx.room)
    session.say(persona.opening)


server.setup_fnc = prewarm
server.rtc_session(entrypoint, agent_name=load_settings().livekit_agent_name)

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    asyncio.run(server.run(devmode=True))
