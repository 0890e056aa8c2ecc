"""What is heard, or no longer heard, when a call ends."""

import asyncio
from contextlib import suppress
from typing import Any

from livekit.agents import AgentSession

from agent.framework import running_tools
from agent.speech.queue import SpeechQueue

# Seconds from the last word that was played to the end of the avatar's session: the word is still on its way to the
# caller, and so is its caption.
LINGER = 1.0


async def fall_silent(session: AgentSession[Any]) -> None:
    """Close the microphone, cut what is being said, and cancel running tools.

    A session that is not running, or not any more, is silent.
    """
    session.input.set_audio_enabled(False)
    with suppress(RuntimeError):
        session.clear_user_turn()
        interrupted = session.interrupt(force=True)
        # A speech ends only when its tools have, and nobody will hear what they find.
        for tool in running_tools(session):
            tool.cancel()
        await interrupted


async def finish_speech(session: AgentSession[Any]) -> None:
    """Let the rest of what is being said be heard, with the microphone closed."""
    session.input.set_audio_enabled(False)
    speech = session.current_speech
    if speech is not None:
        await speech
    await asyncio.sleep(LINGER)


async def say_goodbye(speech: SpeechQueue, text: str) -> None:
    """Say the goodbye, and wait until its last word was heard. Call `fall_silent` before.

    Args:
        speech: Of a session; if that does not run any more, nothing is said.
        text: The goodbye; may be empty.
    """
    if not text:
        return
    speech.release()
    with suppress(RuntimeError):
        await speech.say(text)
        await asyncio.sleep(LINGER)
