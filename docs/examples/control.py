"""A front end without a page: ask for a call, send a text to the agent, and print the events.

`python -m docs.examples.control http://localhost:8080 "tell me a story"`; the agent's web server has to run there. If
it requires a secret, set WEB_SECRET.
"""
# ruff: noqa: T201 - it prints

import asyncio
import json
import os
import sys
from collections.abc import Callable
from typing import Any

import aiohttp
from livekit import rtc

Event = dict[str, Any]


class Agent:
    """The agent in a room: takes requests and reports events.

    Args:
        room: A room that is connected, or will be.
        on_event: Called with each event.
    """

    def __init__(self, room: rtc.Room, on_event: Callable[[Event], object]) -> None:
        self._room = room
        self._on_event = on_event
        self._is_there = asyncio.Event()
        room.on("data_received", self._on_data)
        room.on("participant_attributes_changed", lambda *_: self._look())
        room.on("connected", self._look)

    @property
    def participant(self) -> rtc.RemoteParticipant | None:
        """The participant with the attribute `control`; None until it takes requests."""
        return next((each for each in self._room.remote_participants.values() if "control" in each.attributes), None)

    async def join(self) -> rtc.RemoteParticipant:
        """Wait until the agent takes requests."""
        while (participant := self.participant) is None:
            self._is_there.clear()
            await self._is_there.wait()
        return participant

    async def call(self, method: str, **payload: object) -> Any:
        """Call one of its methods.

        Raises:
            rtc.RpcError: The agent refuses the call; `code` and `message` say why.
        """
        agent = await self.join()
        answer = await self._room.local_participant.perform_rpc(
            destination_identity=agent.identity, method=method, payload=json.dumps(payload), response_timeout=10.0
        )
        return json.loads(answer)

    def _look(self) -> None:
        self._is_there.set()

    def _on_data(self, packet: rtc.DataPacket) -> None:
        if packet.topic == "avatar.events":
            self._on_event(json.loads(packet.data))


async def ask_for_call(server: str, secret: str = "") -> dict[str, str]:
    """Ask the agent's web server for a call; return a dict with `url`, `token`, `room` and `identity`."""
    headers = {"Authorization": f"Bearer {secret}"} if secret else {}
    async with (
        aiohttp.ClientSession(headers=headers, raise_for_status=True) as http,
        http.post(f"{server.rstrip('/')}/api/call", json={"name": "An example"}) as reply,
    ):
        ticket: dict[str, str] = await reply.json()
        return ticket


async def converse(url: str, token: str, text: str) -> None:
    """Join, send the text, print the events until the answer is over, and end the call."""
    room = rtc.Room()
    is_over = asyncio.Event()

    def on_event(event: Event) -> None:
        print(json.dumps(event, ensure_ascii=False))
        if event["type"] == "said":
            is_over.set()

    agent = Agent(room, on_event)
    await room.connect(url, token)
    try:
        participant = await agent.join()
        print(f"{participant.name} is here, the avatar is {participant.attributes.get('avatar')}")
        await agent.call("talk", text=text)
        await is_over.wait()
        await agent.call("end_call")
    finally:
        await room.disconnect()


async def main(server: str, text: str) -> None:
    """Make one call."""
    ticket = await ask_for_call(server, os.environ.get("WEB_SECRET", ""))
    await converse(ticket["url"], ticket["token"], text)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
