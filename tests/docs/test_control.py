"""The tables of the control protocol match the code, and the examples are front ends for it."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal

import pytest
from aiohttp import ClientResponseError, web
from aiohttp.test_utils import TestServer
from livekit import rtc

from agent.control.events import EVENTS, TOPIC
from agent.control.methods import METHODS
from agent.control.waterfall import STAGES
from docs.control import PAGE, page_with_tables
from docs.examples.control import Agent, ask_for_call

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLE = PAGE.parent / "examples" / "control.ts"
TICKET = {"url": "ws://example", "token": "jwt", "room": "a-room", "identity": "you", "expires_in": 600}


class Room(rtc.EventEmitter[Literal["data_received", "participant_attributes_changed", "connected"]]):
    """A room that the agent may be in; it answers with the request."""

    def __init__(self) -> None:
        super().__init__()
        self.remote_participants: dict[str, Any] = {}
        self.local_participant = self

    def come(self) -> None:
        agent = SimpleNamespace(identity="the-agent", attributes={"control": "1"})
        self.remote_participants["the-agent"] = agent
        self.emit("participant_attributes_changed", {}, agent)

    async def perform_rpc(
        self, *, destination_identity: str, method: str, payload: str, response_timeout: float
    ) -> str:
        return json.dumps([destination_identity, method, json.loads(payload)])


async def take_call(request: web.Request) -> web.Response:
    """Answer as the agent's web server does: a token for a request with the secret."""
    if request.headers.get("Authorization") != "Bearer secret":
        return web.json_response({"error": "a secret is wanted"}, status=401)
    return web.json_response(TICKET)


def words(page: str) -> Iterator[str]:
    """Yield the texts that are marked as code."""
    yield from re.findall(r"`([^`\n]+)`", page)


def test_the_tables_in_the_page_match_the_code() -> None:
    """The tables are current; `python -m docs.control` writes them again."""
    page = PAGE.read_text("utf-8")

    assert page == page_with_tables(page)


def test_the_page_names_every_method_event_and_stage() -> None:
    """Nothing of the protocol is missing in the page."""
    told = set(words(PAGE.read_text("utf-8")))

    assert {*METHODS, *STAGES, TOPIC, *(event.model_fields["type"].default for event in EVENTS)} <= told


def test_the_example_for_pages_calls_existing_methods() -> None:
    """The example listens to the topic that is published."""
    text = EXAMPLE.read_text("utf-8")
    asked = set(re.findall(r'ask\(room, "(\w+)"\)', text))

    assert asked
    assert asked <= set(METHODS)
    assert f'"{TOPIC}"' in text


async def test_the_example_waits_for_the_agent_and_calls_it() -> None:
    """The agent is found by its attribute, and events of other participants are ignored."""
    room: Any = Room()
    told: list[dict[str, Any]] = []
    agent = Agent(room, told.append)
    room.come()
    answer = await agent.call("talk", text="hello")
    for topic in (TOPIC, "another"):
        room.emit("data_received", SimpleNamespace(topic=topic, data=b'{"type":"said"}'))

    assert answer == ["the-agent", "talk", {"text": "hello"}]
    assert told == [{"type": "said"}]


async def test_the_example_asks_the_web_server_for_a_call() -> None:
    """The request has the secret, if there is one."""
    app = web.Application()
    app.router.add_post("/api/call", take_call)
    async with TestServer(app) as server:
        url = str(server.make_url("/"))
        assert await ask_for_call(url, "secret") == TICKET
        with pytest.raises(ClientResponseError):
            await ask_for_call(url)
