"""The end of a call that the agent ends: a goodbye that is heard, and then the session is closed."""

import asyncio
from contextlib import suppress
from typing import Any

from livekit.agents import AgentSession

from agent.speech.queue import SpeechQueue


async def say_goodbye(session: AgentSession[Any], speech: SpeechQueue, text: str, *, timeout: float) -> None:  # noqa: ASYNC109 - a bound, after which the call ends as well
    """Say it in the place of whatever is being said, and close the session as if the caller had left.

    Args:
        session: Is closed, also when it can't speak any more.
        speech: Of that session.
        text: The goodbye; nothing is said if it is empty.
        timeout: Seconds that are waited for it.
    """
    # A session that is closing already does not run.
    with suppress(RuntimeError, TimeoutError):
        async with asyncio.timeout(timeout):
            await _say(session, speech, text)
    session.shutdown(drain=False)


async def _say(session: AgentSession[Any], speech: SpeechQueue, text: str) -> None:
    # Nobody is to interrupt it: not who is still speaking, and not the answer to what was just asked.
    session.input.set_audio_enabled(False)
    session.clear_user_turn()
    await session.interrupt(force=True)
    if text:
        await speech.say(text)
