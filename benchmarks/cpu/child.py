"""`python -m benchmarks.cpu.child PLUGIN URL SECONDS SPEED`: speak, and print the CPU seconds that it took."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any, cast

from livekit.agents import AgentSession, CloseEvent, CloseReason, utils

from benchmarks.figures import Plugin
from benchmarks.plugins import LIVEKIT, PLUGINS
from benchmarks.processes import freeze_imports
from benchmarks.rooms import AgentRoom
from benchmarks.speech import SAMPLE_RATE, tone
from simulators.liveavatar.model import DRAWN_FACE_ID

# Seconds of a frame, as a TTS yields them and the framework passes them on.
_FRAME = 0.02

_READY = 1.5
_SETTLE = 1.0


async def speak(plugin: Plugin, url: str, seconds: float, speed: float) -> float:
    """Speak one segment, which a TTS yields at `speed` times the speed of speech.

    Returns:
        CPU seconds of this process, from the first frame until the segment was played.
    """
    async with utils.http_context.open():
        session: AgentSession[Any] = AgentSession(vad=None)
        room = AgentRoom(f"cpu-{plugin.value}")
        avatar = PLUGINS[plugin](
            avatar_id=DRAWN_FACE_ID, api_url=f"{url}/v1/sessions", api_key="stand-in", video_quality="low"
        )
        await avatar.start(session, cast("Any", room), **LIVEKIT)
        output = session.output.audio
        assert output is not None  # noqa: S101 - the plugin has put it there
        await asyncio.sleep(_READY)
        frame = tone(_FRAME, sample_rate=SAMPLE_RATE)
        began_at, cpu = asyncio.get_running_loop().time(), time.process_time()
        for number in range(round(seconds / _FRAME)):
            await output.capture_frame(frame)
            await asyncio.sleep(began_at + (number + 1) * _FRAME / speed - asyncio.get_running_loop().time())
        output.flush()
        await output.wait_for_playout()
        cpu = time.process_time() - cpu
        await asyncio.sleep(_SETTLE)
        session.emit("close", CloseEvent(reason=CloseReason.USER_INITIATED))
        await avatar.aclose()
        await session.aclose()
        return cpu


if __name__ == "__main__":
    freeze_imports()
    print(asyncio.run(speak(Plugin(sys.argv[1]), sys.argv[2], *map(float, sys.argv[3:5]))))  # noqa: T201 - its result
