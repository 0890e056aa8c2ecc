"""The end of speech when the avatar is closed before its last word."""

import asyncio
from contextlib import suppress
from typing import Any

from livekit.agents import AgentSession

# The framework needs a few turns of the event loop. With the 9.5 s of the link, closing takes 10 s at most, which is
# what a job has after its shutdown callbacks began.
_INTERRUPT_TIMEOUT_S = 0.5


async def interrupt_speech(session: AgentSession[Any]) -> None:
    """Interrupt what an agent session says, whether or not that allows interruptions.

    Only speech that the framework itself has interrupted enters the conversation with the words that were heard; an
    output that reports an interruption of its own leaves the whole text there. Returns when the conversation has been
    updated, or after half a second. A session that does not run says nothing.

    Args:
        session: Its audio output still plays.
    """
    with suppress(RuntimeError):
        await asyncio.wait({session.interrupt(force=True)}, timeout=_INTERRUPT_TIMEOUT_S)
