"""The private members of livekit-agents (1.8.9) that the product uses, and why no public ones will do."""

import asyncio
from typing import Any

from livekit.agents import AgentSession
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.tool_executor import _RunningTasks


def running_tools(session: AgentSession[Any]) -> list[asyncio.Task[Any]]:
    """List the tasks of the tools that run now.

    The public events name tools without giving a handle to them, and closing a session waits for every tool.
    """
    return [each.exe_task for each in _RunningTasks.get(session, {}).values() if not each.exe_task.done()]


def paused_speech(session: AgentSession[Any]) -> tuple[SpeechHandle, bool] | None:
    """Return the speech that a noise has paused and whether it had begun; None if no speech is paused.

    The public agent state is `listening` for a paused speech as well as for one that waits to begin.
    """
    activity = session._activity  # noqa: SLF001 - see above
    paused = None if activity is None else activity._paused_speech  # noqa: SLF001 - see above
    if paused is None or paused.handle.done() or paused.handle.interrupted:
        return None
    return paused.handle, paused.agent_state == "speaking"
