"""What callers write in the room's chat."""

import logging
from typing import Any

from livekit.agents import AgentSession, room_io

logger = logging.getLogger("agent")

_LONGEST = 2_000
# Characters; two minutes of speech.


async def take_text(session: AgentSession[Any], event: room_io.TextInputEvent) -> None:
    """Answer a text as if it had been said; it goes before what is being said, as a spoken word does.

    One that is too long is refused, not cut: half of it may mean something else.
    """
    if len(event.text) > _LONGEST:
        logger.warning("a text from the room is too long and is left out: %d characters", len(event.text))
        return
    await session.interrupt()
    session.generate_reply(user_input=event.text, input_modality="text")
