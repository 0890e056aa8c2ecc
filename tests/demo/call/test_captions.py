"""The room's transcript, read from text streams as the framework sends them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Literal

import pytest
from livekit import api, rtc

from demo.call.captions import Captions
from demo.livekit_server import LiveKitServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

TOPIC = "lk.transcription"


async def joined(server: LiveKitServer, identity: str) -> rtc.Room:
    """Join a room on a real server; only an agent may send on behalf of others."""
    kind: Literal["agent", "standard"] = "agent" if identity == "agent" else "standard"
    token = api.AccessToken(server.api_key, server.api_secret).with_identity(identity).with_kind(kind)
    room = rtc.Room()
    await room.connect(server.url, token.with_grants(api.VideoGrants(room_join=True, room="test")).to_jwt())
    return room


@pytest.fixture
async def agent_and_captions() -> AsyncIterator[tuple[rtc.LocalParticipant, Captions]]:
    """Yield an agent and the captions of a caller, in one room."""
    async with LiveKitServer() as server:
        caller, agent = await joined(server, "caller"), await joined(server, "agent")
        captions = Captions(caller)
        yield agent.local_participant, captions
        await captions.aclose()
        await agent.disconnect()
        await caller.disconnect()


async def send(agent: rtc.LocalParticipant, identity: str, segment: str, text: str, *, final: bool) -> None:
    """Send a text as one stream on behalf of a participant."""
    attributes = {"lk.segment_id": segment, "lk.transcription_final": str(final).lower()}
    writer = await agent.stream_text(topic=TOPIC, sender_identity=identity, attributes=attributes)
    await writer.write(text)
    await writer.aclose()


async def until_heard(captions: Captions, own: str, others: str) -> None:
    """Wait until the captions are these."""
    async with asyncio.timeout(10):
        while (captions.own(0.0), captions.others(0.0)) != (own, others):  # noqa: ASYNC110 - streams have no event
            await asyncio.sleep(0.01)


async def test_own_words_are_the_final_ones(
    agent_and_captions: tuple[rtc.LocalParticipant, Captions],
) -> None:
    """The final text of a segment replaces its interim texts, which do not come back."""
    agent, captions = agent_and_captions
    await send(agent, "caller", "S1", "what", final=False)
    await send(agent, "caller", "S1", "what time is it", final=True)
    await send(agent, "caller", "S1", "what time", final=False)
    await send(agent, "caller", "S2", "in london", final=True)

    await until_heard(captions, own="what time is it in london", others="")


async def test_the_agents_words_grow_within_one_stream(
    agent_and_captions: tuple[rtc.LocalParticipant, Captions],
) -> None:
    """The words arrive before the stream ends."""
    agent, captions = agent_and_captions
    attributes = {"lk.segment_id": "A1", "lk.transcription_final": "false"}
    writer = await agent.stream_text(topic=TOPIC, attributes=attributes)
    await writer.write("In London ")
    await until_heard(captions, own="", others="In London")
    await writer.write("it is ten.")
    await writer.aclose(attributes={"lk.transcription_final": "true"})

    await until_heard(captions, own="", others="In London it is ten.")
