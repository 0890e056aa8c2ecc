"""The agents of doubted calls are asked through LiveKit, and their answers are noted."""

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
    """A server that forwards requests to an agent.

    Attributes:
        errors: Error codes of its answers by agent; agents that are not listed have the method.
        asked: Requests that came.
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
            # Longer than the request's timeout.
            await asyncio.sleep(1.0)
        if error:
            return web.json_response({"code": error, "msg": ""}, status=400)
        return web.Response(body=api.PerformRpcResponse().SerializeToString(), content_type="application/protobuf")


class ScriptedLeases(Leases):
    """Leases whose doubted calls follow a script; an exception in the script is raised."""

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
    """Agents without the method live, too; one without an answer is dead; a server's own error gives no verdict."""
    monkeypatch.setattr(witness, "_REQUEST_TIMEOUT", 0.3)
    async with AskedLiveKit(*people("caller-1"), agent("agent-1"), errors={"agent-1": error}).running() as livekit:
        assert await lives(settings(livekit_url=livekit.url), CALL) is is_alive
        assert [(each.room, each.destination_identity) for each in livekit.asked] == [("call-1", "agent-1")]


async def test_an_agent_that_is_not_in_the_room_gives_no_verdict() -> None:
    """It may be about to join from a machine that is too busy to renew its lease, and stays doubted."""
    async with AskedLiveKit(*people("caller-1"), agent("agent-2")).running() as livekit:
        assert await lives(settings(livekit_url=livekit.url), CALL) is None
        assert livekit.asked == []


async def test_an_unreachable_livekit_gives_no_verdict() -> None:
    """The call stays doubted."""
    assert await lives(settings(livekit_url=f"ws://127.0.0.1:{free_port()}"), CALL) is None


async def test_each_doubted_call_is_asked_and_its_answer_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are asked separately, also after Redis was away; a dead agent's sessions are swept at once."""
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


async def test_an_unknown_state_is_not_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that can't forward requests leaves a call doubted; then only the lease decides."""
    monkeypatch.setattr(witness, "_LOOKS_EVERY", 0.01)
    leases = ScriptedLeases([DoubtedCall("doubted", CALL)])
    livekit = AskedLiveKit(agent("agent-1"), errors={"agent-1": "unimplemented"})
    async with livekit.running(), asking_agents(settings(livekit_url=livekit.url), leases, _fail):
        while not livekit.asked:  # noqa: ASYNC110 - asked by another task
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)

    assert leases.settled == []


async def test_without_a_fleet_no_agent_is_asked() -> None:
    """A single machine's file locks tell which processes live."""
    async with AskedLiveKit(agent("agent-1")).running() as livekit:
        async with asking_agents(settings(livekit_url=livekit.url), None, _fail):
            await asyncio.sleep(0)
        assert livekit.asked == []
