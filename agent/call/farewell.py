"""The last speech of a call: cut, finished, or a goodbye."""

import asyncio
from contextlib import suppress
from typing import Any

from livekit.agents import AgentSession

from agent.framework import running_tools
from agent.speech.queue import SpeechQueue

# Seconds between the end of the last word and the end of the avatar's session, in which the word and its caption reach
# the caller.
LINGER = 1.0


async def fall_silent(session: AgentSession[Any]) -> None:
    """Close the microphone, interrupt the current speech, and cancel running tools.

    No-op for a session that does not run.
    """
    session.input.set_audio_enabled(False)
    with suppress(RuntimeError):
        session.clear_user_turn()
        interrupted = session.interrupt(force=True)
        # A speech ends only after its tools, whose results would no longer be heard.
        for tool in running_tools(session):
            tool.cancel()
        await interrupted


async def finish_speech(session: AgentSession[Any]) -> None:
    """Close the microphone and let the current speech play to its end."""
    session.input.set_audio_enabled(False)
    speech = session.current_speech
    if speech is not None:
        await speech
    await asyncio.sleep(LINGER)


async def say_goodbye(speech: SpeechQueue, text: str) -> None:
    """Say the goodbye, and wait until its last word was heard. Call `fall_silent` before.

    Args:
        speech: The session's queue; if the session no longer runs, nothing is said.
        text: The goodbye; may be empty.
    """
    if not text:
        return
    speech.release()
    with suppress(RuntimeError):
        await speech.say(text)
        await asyncio.sleep(LINGER)
