"""The REST executor of a `World`: does what `avatar.link.sessions` and `avatar.api` do, in virtual time."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jwt

from avatar.core import Refusal
from simulators.liveavatar.model import Replied

if TYPE_CHECKING:
    from tests.avatar.core.world import World

GRANTS = {"roomJoin": True, "room": "r", "canPublish": True, "canSubscribe": True, "canPublishData": True}
REST_LIMIT = 30.0


class RestExecutor:
    """An executor that starts and stops sessions.

    Args:
        world: Has the service to call, and the machine to report to.

    Attributes:
        ws_urls: The ws_url of each running session, by its number.
    """

    def __init__(self, world: "World") -> None:
        self.ws_urls: dict[int, str] = {}
        self._world = world
        self._replies: dict[int, Callable[[Replied | None], None]] = {}
        self._session_ids: dict[int, str] = {}
        self._cancelled: set[int] = set()

    def answer(self, reply: Replied) -> None:
        """Take a reply of the service, unless it is too late."""
        answer = self._replies.pop(reply.request_id, None)
        if answer is not None:
            answer(reply)

    def start(self, number: int, identity: str, avatar_id: str) -> None:
        """Ask for a session."""
        token = jwt.encode({"sub": identity, "video": GRANTS}, "k" * 32)
        body: dict[str, object] = {
            "mode": "LITE",
            "avatar_id": avatar_id,
            "livekit_config": {"livekit_url": "wss://x", "livekit_room": "r", "livekit_client_token": token},
        }
        if self._world.max_session_duration is not None:
            body["max_session_duration"] = self._world.max_session_duration

        def on_token(reply: Replied | None) -> None:
            if number in self._cancelled:
                return
            if reply is None or reply.status >= 400:
                self._refuse(number, reply, may_run=False)
                return
            data: Any = reply.body
            self._session_ids[number] = data["data"]["session_id"]
            headers = {"Authorization": f"Bearer {data['data']['session_token']}"}
            self._request("/v1/sessions/start", headers, {}, on_start)

        def on_start(reply: Replied | None) -> None:
            if reply is None or reply.status >= 400:
                self._refuse(number, reply, may_run=reply is None or reply.status >= 500)
                return
            data: Any = reply.body
            self.ws_urls[number] = data["data"]["ws_url"]
            duration = data["data"].get("max_session_duration") if self._world.tells_duration else None
            self._world.report("session_started", number, self._session_ids[number], duration)

        self._request("/v1/sessions/token", {"X-API-KEY": "stand-in"}, body, on_token)

    def cancel(self, number: int) -> None:
        """Give up a start while it waits for its token."""
        if number not in self._session_ids:
            self._cancelled.add(number)
            self._world.report("session_cancelled", number)

    def stop(self, number: int) -> None:
        """Stop a session."""
        session_id = self._session_ids.get(number)

        def on_stop(reply: Replied | None) -> None:
            done = reply is not None and (reply.status < 400 or reply.status == 404)
            self._world.report("session_stopped" if done else "stop_failed", number)

        body = {"session_id": session_id, "reason": "USER_CLOSED"}
        self._request("/v1/sessions/stop", {"X-API-KEY": "stand-in"}, body, on_stop)

    def _request(
        self, path: str, headers: dict[str, str], body: object, answer: Callable[[Replied | None], None]
    ) -> None:
        """Make a call; `answer` gets None if nothing came in time."""
        if not self._world.net_is_up:
            self._world.at(1.0, lambda: answer(None))
            return
        request_id = self._world.service.request("POST", path, headers, body, self._world.now)
        self._replies[request_id] = answer
        self._world.at(REST_LIMIT, lambda: self._time_out(request_id))

    def _time_out(self, request_id: int) -> None:
        answer = self._replies.pop(request_id, None)
        if answer is not None:
            answer(None)

    def _refuse(self, number: int, reply: Replied | None, *, may_run: bool) -> None:
        self._world.report(
            "session_refused", number, refusal_of(reply), detail=str(reply and reply.body), may_run=may_run
        )


def refusal_of(reply: Replied | None) -> Refusal:
    """Return the meaning of a reply, as the service's client reads it."""
    if reply is None or reply.status >= 500:
        return Refusal.UNREACHABLE
    body: Any = reply.body
    code = body.get("code")
    if code in {4032, 4003} and "concurrency" in str(body).lower():
        return Refusal.NO_SLOT
    if code == 4033 or "credits" in str(body).lower():
        return Refusal.NO_CREDITS
    return {401: Refusal.UNAUTHORIZED, 403: Refusal.UNAUTHORIZED, 429: Refusal.RATE_LIMITED}.get(
        reply.status, Refusal.INVALID
    )
