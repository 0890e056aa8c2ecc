"""Interruption of the speech that an avatar is saying when it is closed."""

import asyncio
import logging
from typing import Any

from livekit.agents import AgentSession

logger = logging.getLogger("avatar")

# The framework needs a few turns of the event loop. With the 9.5 s of the link, closing takes 10 s at most: the time
# that a job has once its shutdown callbacks have begun.
_INTERRUPT_TIMEOUT_S = 0.5


async def interrupt_speech(session: AgentSession[Any]) -> None:
    """Interrupt an agent session's speech, whether or not that speech allows interruptions.

    The framework cuts the conversation down to the words that were heard only if it has interrupted the speech itself;
    if only the output reports an interruption, the whole text stays. Returns when the conversation has been updated,
    or after half a second. Never raises, since the avatar's session has to be stopped in any case.

    Args:
        session: The agent session, whose audio output still plays; without effect if it is not running.
    """
    try:
        interrupted = session.interrupt(force=True)
    except RuntimeError:
        # The agent session is not running.
        return
    except Exception:
        logger.exception("speech could not be interrupted when the avatar was closed")
        return
    await asyncio.wait({interrupted}, timeout=_INTERRUPT_TIMEOUT_S)
