"""The agents of doubted calls are asked by way of LiveKit, and their answers are noted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from aiohttp import web
from livekit import api

from agent.rooms import witness
from agent.rooms.witness import asking_agents, lives
from agent.state.leases import DoubtedCall, Leases
from agent.state.redis_state import StateAwayError
from avatar.sessions.port import LeftRoom
from demo.processes import free_port
from tests.agent.rooms.fake_livekit import FakeLiveKit, agent, people
from tests.agent.web.web_fakes import settings

if TYPE_CHECKING:
    from typing import Any

CALL = LeftRoom("call-1", "agent-1", "AD_1")


class AskedLiveKit(FakeLiveKit):
    """A server that passes questions on to the agent.

    Attributes:
        error: The code with which it answers; empty for an agent that has the method.
        asked: Questions that have come.
    """

    def __init__(self, *there: api.ParticipantInfo, error: str = "") -> None:
        super().__init__("call-1", list(there))
        self.error = error
        self.asked: list[api.PerformRpcRequest] = []

    def routes(self) -> dict[str, Any]:
        return super().routes() | {"RoomService/PerformRpc": self._perform}

    async def _perform(self, request: web.Request) -> web.Response:
        self.asked.append(api.PerformRpcRequest.FromString(await request.read()))
        if self.error == "silence":
            await asyncio.sleep(1.0)  # longer than is waited for
        if self.error:
            return web.json_response({"code": self.error, "msg": ""}, status=400)
        return web.Response(body=api.PerformRpcResponse().SerializeToString(), content_type="application/protobuf")


class ScriptedLeases(Leases):
    """Leases with calls that are doubted one after the other; an exception is raised in a call's place."""

    def __init__(self, *script: list[DoubtedCall] | Exception) -> None:
        self._script = list(script)
        self.settled: list[tuple[str, bool]] = []

    def doubted(self) -> list[DoubtedCall]:
        found = self._script.pop(0) if self._script else []
        if isinstance(found, Exception):
            raise found
        return found

    def settle(self, owner: str, *, lives: bool) -> None:
        self.settled.append((owner, lives))
        if owner == "unlucky":
            message = "Redis went away"
            raise StateAwayError(message)


@pytest.mark.parametrize(
    ("error", "is_alive"),
    [
        ("", True),
        ("invalid_argument", True),
        ("not_found", False),
        ("deadline_exceeded", False),
        ("canceled", False),
        ("silence", False),
        ("unimplemented", None),
        ("internal", None),
    ],
)
async def test_an_answer_shows_that_the_process_lives(
    error: str, is_alive: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also that the agent has no such method; without an answer it is dead, and a server's own fault says nothing."""
    monkeypatch.setattr(witness, "_REQUEST_TIMEOUT", 0.3)
    async with AskedLiveKit(*people("caller-1"), agent("agent-1"), error=error).running() as livekit:
        assert await lives(settings(livekit_url=livekit.url), CALL) is is_alive
        assert [(each.room, each.destination_identity) for each in livekit.asked] == [("call-1", "agent-1")]


async def test_an_agent_that_has_left_the_room_is_dead() -> None:
    """It is not asked."""
    async with AskedLiveKit(*people("caller-1"), agent("agent-2")).running() as livekit:
        assert await lives(settings(livekit_url=livekit.url), CALL) is False
        assert livekit.asked == []


async def test_a_livekit_that_is_away_says_nothing() -> None:
    """The call stays doubted."""
    assert await lives(settings(livekit_url=f"ws://127.0.0.1:{free_port()}"), CALL) is None


async def test_each_doubted_call_is_asked_and_its_answer_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself, while Redis comes and goes; a call whose agent can't be asked is left as it is."""
    monkeypatch.setattr(witness, "_LOOKS_EVERY", 0.01)
    away = StateAwayError("away")
    calls = [
        DoubtedCall("living", CALL),
        DoubtedCall("dead", LeftRoom("call-1", "agent-2")),
        DoubtedCall("unlucky", LeftRoom("call-1", "agent-3")),
    ]
    leases = ScriptedLeases([calls[2]], away, calls[:2])
    livekit = AskedLiveKit(agent("agent-1"))
    async with livekit.running(), asking_agents(settings(livekit_url=livekit.url), leases):
        while len(leases.settled) < 3:  # noqa: ASYNC110 - noted in a thread
            await asyncio.sleep(0.01)

    assert sorted(leases.settled) == [("dead", False), ("living", True), ("unlucky", False)]


async def test_what_is_not_known_is_not_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that can't pass questions on leaves a call doubted; the lease alone decides then."""
    monkeypatch.setattr(witness, "_LOOKS_EVERY", 0.01)
    leases = ScriptedLeases([DoubtedCall("doubted", CALL)])
    livekit = AskedLiveKit(agent("agent-1"), error="unimplemented")
    async with livekit.running(), asking_agents(settings(livekit_url=livekit.url), leases):
        while not livekit.asked:  # noqa: ASYNC110 - asked by another task
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

    assert leases.settled == []


async def test_a_machine_of_its_own_asks_nobody() -> None:
    """File locks tell which of its processes live."""
    async with AskedLiveKit(agent("agent-1")).running() as livekit:
        async with asking_agents(settings(livekit_url=livekit.url), None):
            await asyncio.sleep(0)
        assert livekit.asked == []
