"""A session whose close is a request to end its call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.agents import Agent

from agent.conversation.call_session import CallSession
from agent.conversation.echo_gate import EchoGate
from agent.conversation.played_sound import PlayedSound
from agent.conversation.quiet_input import GainInput, QuietInput
from tests.agent.session_fakes import SilentInput, chain_of
from tests.agent.speech.speech_fakes import ClockedOutput

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Closer:
    """A call that records the requests to end it."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def shut_down(self, *, drain: bool) -> None:
        self.asked.append(drain)

    async def close(self) -> None:
        self.asked.append("close")


async def test_closing_the_session_asks_the_call_to_end() -> None:
    """The framework's close leaves the session open until the call's end closes it."""
    session, closer = CallSession(vad=None), Closer()
    closed: list[object] = []
    session.on("close", closed.append)
    session.closer = closer
    await session.start(Agent(instructions=""))
    session.shutdown()
    session.shutdown(drain=False)
    await session.aclose()
    assert (closer.asked, closed) == ([True, False, "close"], [])
    await session.close()

    assert len(closed) == 1


async def test_a_session_without_a_call_closes_itself() -> None:
    """A benchmark's session, for example, has no call."""
    closed: list[object] = []
    closes: tuple[Callable[[CallSession], Awaitable[None]], ...] = (CallSession.aclose, CallSession.close)
    for close in closes:
        session = CallSession(vad=None)
        session.on("close", closed.append)
        await session.start(Agent(instructions=""))
        await close(session)
    session = CallSession(vad=None)
    session.on("close", closed.append)
    await session.start(Agent(instructions=""))
    session.shutdown(drain=False)
    assert session._closing_task is not None
    await session._closing_task

    assert len(closed) == 3


async def test_the_microphones_audio_is_conditioned() -> None:
    """Audio passes the silence merging, then the gate, then the gain; a session without a microphone is unchanged."""
    session, microphone, output = CallSession(vad=None), SilentInput(), ClockedOutput()
    session.condition_input(echo_gate=True, auto_gain_control=True)
    nothing = (session.input.audio, session.output.audio)
    session.input.audio, session.output.audio = microphone, output
    session.condition_input(echo_gate=True, auto_gain_control=True)

    assert nothing == (None, None)
    assert [type(each) for each in chain_of(session.input.audio)] == [GainInput, EchoGate, QuietInput, SilentInput]
    assert isinstance(session.output.audio, PlayedSound)
