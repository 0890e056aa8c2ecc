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
    from collections.abc import Mapping
    from typing import Any

CALL = LeftRoom("call-1", "agent-1", "AD_1")


class AskedLiveKit(FakeLiveKit):
    """A server that passes questions on to the agent.

    Attributes:
        errors: The codes with which it answers for agents; those that are not here have the method.
        asked: Questions that have come.
    """

    def __init__(self, *there: api.ParticipantInfo, errors: Mapping[str, str] | None = None) -> None:
        super().__init__("call-1", list(there))
        self.errors = errors or {}
        self.asked: list[api.PerformRpcRequest] = []

    def routes(self) -> dict[str, Any]:
        return super().routes() | {"RoomService/PerformRpc": self._perform}

    async def _perform(self, request: web.Request) -> web.Response:
        self.asked.append(api.PerformRpcRequest.FromString(await request.read()))
        error = self.errors.get(self.asked[-1].destination_identity, "")
        if error == "silence":
            await asyncio.sleep(1.0)  # longer than is waited for
        if error:
            return web.json_response({"code": error, "msg": ""}, status=400)
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


def _fail() -> None:
    pytest.fail("no agent was found dead")


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
    async with AskedLiveKit(*people("caller-1"), agent("agent-1"), errors={"agent-1": error}).running() as livekit:
        assert await lives(settings(livekit_url=livekit.url), CALL) is is_alive
        assert [(each.room, each.destination_identity) for each in livekit.asked] == [("call-1", "agent-1")]


async def test_of_an_agent_that_is_not_in_the_room_nothing_is_known() -> None:
    """It may be about to join, on a machine that is too busy to renew its lease: it is not asked, and stays doubted."""
    async with AskedLiveKit(*people("caller-1"), agent("agent-2")).running() as livekit:
        assert await lives(settings(livekit_url=livekit.url), CALL) is None
        assert livekit.asked == []


async def test_a_livekit_that_is_away_says_nothing() -> None:
    """The call stays doubted."""
    assert await lives(settings(livekit_url=f"ws://127.0.0.1:{free_port()}"), CALL) is None


async def test_each_doubted_call_is_asked_and_its_answer_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each by itself, while Redis comes and goes; once an agent's death is noted, its sessions are claimed at once."""
    monkeypatch.setattr(witness, "_LOOKS_EVERY", 0.01)
    away = StateAwayError("away")
    calls = [
        DoubtedCall("living", CALL),
        DoubtedCall("dead", LeftRoom("call-1", "agent-2")),
        DoubtedCall("unlucky", LeftRoom("call-1", "agent-3")),
    ]
    leases = ScriptedLeases([calls[2]], away, calls[:2])
    gone = "deadline_exceeded"
    livekit = AskedLiveKit(
        agent("agent-1"), agent("agent-2"), agent("agent-3"), errors={"agent-2": gone, "agent-3": gone}
    )
    swept: list[str] = []
    async with livekit.running():
        given = settings(livekit_url=livekit.url)
        async with asking_agents(given, leases, lambda: swept.append("at once")):
            while len(leases.settled) < 3 or not swept:  # noqa: ASYNC110 - noted in a thread
                await asyncio.sleep(0.01)

    assert swept == ["at once"]
    assert sorted(leases.settled) == [("dead", False), ("living", True), ("unlucky", False)]


async def test_what_is_not_known_is_not_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that can't pass questions on leaves a call doubted; the lease alone decides then."""
    monkeypatch.setattr(witness, "_LOOKS_EVERY", 0.01)
    leases = ScriptedLeases([DoubtedCall("doubted", CALL)])
    livekit = AskedLiveKit(agent("agent-1"), errors={"agent-1": "unimplemented"})
    async with livekit.running(), asking_agents(settings(livekit_url=livekit.url), leases, _fail):
        while not livekit.asked:  # noqa: ASYNC110 - asked by another task
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

    assert leases.settled == []


async def test_a_machine_of_its_own_asks_nobody() -> None:
    """File locks tell which of its processes live."""
    async with AskedLiveKit(agent("agent-1")).running() as livekit:
        async with asking_agents(settings(livekit_url=livekit.url), None, _fail):
            await asyncio.sleep(0)
        assert livekit.asked == []
