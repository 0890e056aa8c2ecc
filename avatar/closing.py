"""The end of speech when the avatar is closed before its last word."""

import asyncio
import logging
from typing import Any

from livekit.agents import AgentSession

logger = logging.getLogger("avatar")

# The framework needs a few turns of the event loop. With the 9.5 s of the link, closing takes 10 s at most, which is
# what a job has after its shutdown callbacks began.
_INTERRUPT_TIMEOUT_S = 0.5


async def interrupt_speech(session: AgentSession[Any]) -> None:
    """Interrupt what an agent session says, whether or not that allows interruptions.

    Only speech that the framework itself has interrupted enters the conversation with the words that were heard; an
    output that reports an interruption of its own leaves the whole text there. Returns when the conversation has been
    updated, or after half a second. It raises nothing, since the avatar's session has to be stopped whatever happens.

    Args:
        session: Its audio output still plays; a session that does not run says nothing.
    """
    try:
        interrupted = session.interrupt(force=True)
    except RuntimeError:
        return  # it does not run
    except Exception:
        logger.exception("speech could not be interrupted at the avatar's end")
        return
    await asyncio.wait({interrupted}, timeout=_INTERRUPT_TIMEOUT_S)
