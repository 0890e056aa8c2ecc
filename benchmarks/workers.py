"""The settings of all benchmarks' workers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.figures import Plugin
    from demo.livekit_server import LiveKitServer


def environment(server: LiveKitServer, stand_ins: str, plugin: Plugin, state_dir: Path) -> dict[str, str]:
    """Return the environment of a worker that takes one plugin's calls, and ends them as soon as callers leave."""
    return {
        "LIVEKIT_URL": server.url,
        "LIVEKIT_API_KEY": server.api_key,
        "LIVEKIT_API_SECRET": server.api_secret,
        "LIVEKIT_AGENT_NAME": plugin.value,
        "LIVEKIT_LOG_LEVEL": "INFO",
        "STAND_INS_URL": stand_ins,
        "STATE_DIR": str(state_dir),
        "CALLER_GRACE": "0",
        "DRAIN_TIMEOUT": "1",
    }
