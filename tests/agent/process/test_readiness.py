"""The worker's state, and what `/readyz` makes of it."""

from __future__ import annotations

import json
from typing import Any

from aiohttp.test_utils import make_mocked_request

from agent.framework import JobServer
from agent.process.readiness import Readiness


class IdleServer(JobServer):
    """A worker that has reached LiveKit when it is told so, and has the calls that it is told to have."""

    def __init__(self) -> None:
        super().__init__(ws_url="ws://127.0.0.1:1", api_key="key", api_secret="secret")
        self.calls = 0
        self._devmode, self._worker_load, self._reserved_slots = False, 0.0, 0  # set where it runs

    def register(self) -> None:
        self._connecting = False
        self.emit("worker_registered", "an-id", None)

    def lose_livekit(self) -> None:
        self._connecting = True

    def begin_to_drain(self) -> None:
        self._draining = True

    def be_busy(self, load: float) -> None:
        self._worker_load = load

    @property
    def active_jobs(self) -> list[Any]:
        return [object()] * self.calls


async def answer(readiness: Readiness) -> tuple[int, str, str]:
    """The answer to a probe: its HTTP status, the worker's status, and the reason."""
    response = await readiness.answer(make_mocked_request("GET", "/readyz"))
    body = json.loads(response.text or "")
    return response.status, body["status"], body["reason"]


async def test_a_worker_is_ready_while_livekit_knows_it() -> None:
    """A worker is not ready before it is registered, while LiveKit is away or while it drains; a full one is ready."""
    server = IdleServer()
    readiness = Readiness(server, is_registered=True)
    answers = [await answer(readiness)]
    server.register()
    server.calls = 2
    answers.append(await answer(readiness))
    server.lose_livekit()
    answers.append(await answer(readiness))
    server.register()
    server.be_busy(0.95)
    answers.append(await answer(readiness))
    server.begin_to_drain()
    answers.append(await answer(readiness))

    assert answers == [
        (503, "starting", "LiveKit has not registered it yet"),
        (200, "ok", ""),
        (503, "starting", "it has lost LiveKit; its calls go on"),
        (200, "full", ""),
        (503, "draining", "it ends when its calls have ended"),
    ]
    assert readiness.state.calls == 2


async def test_refused_keys_are_told() -> None:
    """Refused keys make the worker unready, with the settings' names."""
    server = IdleServer()
    server.are_keys_refused = True

    assert await answer(Readiness(server, is_registered=True)) == (
        503,
        "starting",
        "LiveKit refuses LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
    )


async def test_a_worker_that_cannot_reach_the_fleets_redis_is_not_ready() -> None:
    """A rollout waits for it; callers are still let in, and calls go on."""
    server, is_away = IdleServer(), True
    readiness = Readiness(server, is_registered=True, is_state_away=lambda: is_away)
    server.register()
    during = await answer(readiness)
    is_in = readiness.state.is_ready
    is_away = False

    assert during == (503, "ok", "the fleet's Redis is away; its calls go on")
    assert is_in
    assert await answer(readiness) == (200, "ok", "")


async def test_a_worker_without_an_avatar_to_give_is_not_ready() -> None:
    """All slots are used, or the credits are gone; the page lets callers in all the same, who hear a voice."""
    server, problem = IdleServer(), "all 2 slots of LiveAvatar's account are used"
    readiness = Readiness(server, is_registered=True, account_problem=lambda: problem)
    server.register()
    during = await answer(readiness)
    is_in = readiness.state.is_ready
    problem = ""

    assert during == (503, "ok", "all 2 slots of LiveAvatar's account are used")
    assert is_in
    assert await answer(readiness) == (200, "ok", "")


async def test_without_a_registration_a_worker_that_runs_is_ready() -> None:
    """A worker whose calls come from the page alone does not wait for LiveKit."""
    server = IdleServer()
    readiness = Readiness(server, is_registered=False)
    before = readiness.state.status
    server.emit("worker_started")

    assert (before, readiness.state.status) == ("starting", "ok")


def test_the_probe_is_answered_on_the_health_checks_port() -> None:
    """With or without a page."""
    server = IdleServer()
    Readiness(server, is_registered=True)

    assert [route.path for route in server._routes] == ["/readyz"]
