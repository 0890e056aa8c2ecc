"""A job whose memory grows beyond its limit."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from livekit.agents import JobContext


async def take_memory(_: JobContext) -> None:
    """Take 400 MB, and keep them until the process is killed."""
    taken = bytearray(b"x") * 400_000_000
    await asyncio.Event().wait()
    del taken
