"""The worker's state, and `GET /readyz`, which reports it on the port of the health check."""

from collections.abc import Callable
from http import HTTPStatus

from aiohttp import web

from agent.framework import JobServer
from agent.process.worker_state import Status, WorkerState


class Readiness:
    """Follows a worker's state; create it before the worker runs.

    Readiness is not liveness: a worker that has lost LiveKit is not ready, and its calls go on. The page does not
    depend on it either: callers are let in while the account has no avatar for them, and hear the fallback track.

    Args:
        server: The worker.
        is_registered: True if LiveKit assigns its calls, so that it takes none before it is registered.
        is_state_away: Returns whether the fleet's Redis does not answer.
        account_problem: Returns why the account can't start another avatar; empty if it can.
    """

    def __init__(
        self,
        server: JobServer,
        *,
        is_registered: bool,
        is_state_away: Callable[[], bool] = lambda: False,
        account_problem: Callable[[], str] = lambda: "",
    ) -> None:
        self._server = server
        self._is_state_away = is_state_away
        self._account_problem = account_problem
        self._is_up = False
        server.on("worker_registered" if is_registered else "worker_started", self._come_up)
        server.add_routes(web.get("/readyz", self.answer))

    @property
    def state(self) -> WorkerState:
        """The state now."""
        return WorkerState(self._status, len(self._server.active_jobs) if self._is_up else 0, self._reason)

    async def answer(self, _: web.Request) -> web.Response:
        """Answer 200 when the worker could take a call with an avatar, else 503; the body has the state."""
        state, is_away, problem = self.state, self._is_state_away(), self._account_problem()
        away = "the fleet's Redis is away; its calls go on" if is_away else ""
        body = {
            "status": state.status,
            "calls": state.calls,
            "state_store": "away" if is_away else "ok",
            "account": "no avatar" if problem else "ok",
            "reason": state.reason or away or problem,
        }
        is_ready = state.is_ready and not is_away and not problem
        return web.json_response(body, status=HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)

    @property
    def _status(self) -> Status:
        if self._server.draining:
            return "draining"
        if not self._is_up or self._server.is_connecting:
            return "starting"
        return "ok" if self._server.is_available else "full"

    @property
    def _reason(self) -> str:
        if self._server.draining:
            return "it ends when its calls have ended"
        if self._server.are_keys_refused:
            return "LiveKit refuses LIVEKIT_API_KEY and LIVEKIT_API_SECRET"
        if not self._is_up:
            return "LiveKit has not registered it yet"
        return "it has lost LiveKit; its calls go on" if self._server.is_connecting else ""

    def _come_up(self, *_: object) -> None:
        self._is_up = True
