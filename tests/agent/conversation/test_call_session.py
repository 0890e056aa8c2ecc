"""A session whose close is a request to end its call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from livekit.agents import Agent

from agent.conversation.call_session import CallSession

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Closer:
    """Keeps what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def shut_down(self, *, drain: bool) -> None:
        self.asked.append(drain)

    async def close(self) -> None:
        self.asked.append("close")


async def test_whoever_closes_the_session_asks_for_the_end_of_the_call() -> None:
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


async def test_without_a_call_it_closes_like_any_other() -> None:
    """In a benchmark, for example."""
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
