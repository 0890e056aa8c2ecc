"""The worker's state, and the answer of `/readyz`."""

from __future__ import annotations

import json
from typing import Any

from aiohttp.test_utils import make_mocked_request

from agent.framework import JobServer
from agent.process.readiness import Readiness


class IdleServer(JobServer):
    """A worker whose registration and calls the test sets."""

    def __init__(self) -> None:
        super().__init__(ws_url="ws://127.0.0.1:1", api_key="key", api_secret="secret")
        self.calls = 0
        # The framework sets these when the worker runs.
        self._devmode, self._worker_load, self._reserved_slots = False, 0.0, 0

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
    """Return the answer to a probe: its HTTP status, the worker's status, and the reason."""
    response = await readiness.answer(make_mocked_request("GET", "/readyz"))
    body = json.loads(response.text or "")
    return response.status, body["status"], body["reason"]


async def test_a_worker_is_ready_while_it_is_registered() -> None:
    """It is not ready before its registration, without LiveKit, or while it drains; a full worker is ready."""
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


async def test_refused_keys_are_reported() -> None:
    """They make the worker unready; the reason names the settings."""
    server = IdleServer()
    server.are_keys_refused = True

    assert await answer(Readiness(server, is_registered=True)) == (
        503,
        "starting",
        "LiveKit refuses LIVEKIT_API_KEY and LIVEKIT_API_SECRET",
    )


async def test_a_worker_that_can_not_reach_redis_is_not_ready() -> None:
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


async def test_a_worker_without_a_free_avatar_is_not_ready() -> None:
    """All slots are used, or the credits are gone; the page still lets callers in, who get a voice call."""
    server, problem = IdleServer(), "all 2 slots of LiveAvatar's account are used"
    readiness = Readiness(server, is_registered=True, account_problem=lambda: problem)
    server.register()
    during = await answer(readiness)
    is_in = readiness.state.is_ready
    problem = ""

    assert during == (503, "ok", "all 2 slots of LiveAvatar's account are used")
    assert is_in
    assert await answer(readiness) == (200, "ok", "")


async def test_without_registration_a_running_worker_is_ready() -> None:
    """A worker whose calls come only from the page does not wait for LiveKit."""
    server = IdleServer()
    readiness = Readiness(server, is_registered=False)
    before = readiness.state.status
    server.emit("worker_started")

    assert (before, readiness.state.status) == ("starting", "ok")


def test_the_probe_is_answered_on_the_health_port() -> None:
    """It is answered with and without a page."""
    server = IdleServer()
    Readiness(server, is_registered=True)

    assert [route.path for route in server._routes] == ["/readyz"]
