"""A backend controls a real call over HTTP, and gives a front end an avatar to render."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from livekit import rtc

from demo.processes import free_port
from tests.e2e.conversation import HAPPENS, JOINS, POLL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tests.e2e.stage import Stage

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(240),
    pytest.mark.ours(reason="rooms of LiveAvatar's can't be reached through our LiveKit server"),
]

SECRET = "a-secret-of-the-backend"


class Backend:
    """A backend that only sends HTTP requests."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self._http = http

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request, and return the status and the answer."""
        async with self._http.request(method, f"/api/{path}", json=body) as answer:
            return answer.status, await answer.json() if answer.content_type == "application/json" else None

    async def wait_until(self, call: str, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Poll a call's state until it is as wanted."""
        async with asyncio.timeout(HAPPENS):
            while not is_so((state := (await self.ask("GET", f"calls/{call}")))[1]):  # noqa: ASYNC110 - another process
                await asyncio.sleep(POLL)
        told: dict[str, Any] = state[1]
        return told


def kinds(state: dict[str, Any]) -> set[str]:
    """Return the kinds of participants in the call. LiveKit's server lists them a moment after the agent does."""
    return {each["kind"] for each in state["participants"]}


@asynccontextmanager
async def backend(stage: Stage) -> AsyncIterator[Backend]:
    """Yield a backend that knows the secret of a worker."""
    settings = {"WEB_PORT": str(port := free_port()), "WEB_SECRET": SECRET}
    headers = {"Authorization": f"Bearer {SECRET}"}
    async with (
        stage.worker(settings),
        aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as http,
    ):
        yield Backend(http)


@asynccontextmanager
async def joined(url: str, token: str) -> AsyncIterator[rtc.Room]:
    """Join a room, without a subscription to any track."""
    room = rtc.Room()
    await room.connect(url, token)
    try:
        yield room
    finally:
        await room.disconnect()


async def test_a_backend_speaks_into_a_call_and_ends_it(stage: Stage) -> None:
    """The backend begins the call, has a text said, learns its duration, cuts another one, and ends the call."""
    async with backend(stage) as known:
        status, details = await known.ask("POST", "calls", {"name": "Ada", "call": {"opening": ""}})
        assert status == 201
        call = details["id"]
        async with joined(details["url"], details["token"]):
            told = await known.wait_until(
                call, lambda state: state["state"] == "running" and {"caller", "agent", "avatar"} == kinds(state)
            )
            assert (told["state"], told["persona"]) == ("running", "nova")
            await known.wait_until(call, lambda state: state["avatar"] == "live")

            _, said = await known.ask("POST", f"calls/{call}/repeat", {"text": "I will say this, word for word."})
            _, repeat = await known.ask("GET", f"calls/{call}/repeat/{said['id']}?wait=8")
            assert repeat["state"] == "finished"
            assert repeat["played_ms"] == repeat["duration_ms"] > 500

            assert (await known.ask("POST", f"calls/{call}/talk", {"text": "tell me a story"}))[0] == 200
            await known.wait_until(call, lambda state: state["agent_state"] == "speaking")
            assert (await known.ask("POST", f"calls/{call}/interrupt"))[0] == 200
            await known.wait_until(call, lambda state: state["agent_state"] == "listening")

            assert (await known.ask("DELETE", f"calls/{call}"))[0] == 204
            session = await stage.ended_session()
            async with asyncio.timeout(HAPPENS):
                while (over := await known.ask("GET", f"calls/{call}"))[0] == 200:  # noqa: ASYNC110 - another process
                    await asyncio.sleep(POLL)

    assert session["end_reason"] == "USER_CLOSED"
    assert over[0] == 404


async def test_a_front_end_renders_its_own_avatar(stage: Stage) -> None:
    """The front end joins the reply's room, which has the avatar; the WebSocket is ready; the session is stopped."""
    async with backend(stage) as known:
        status, session = await known.ask("POST", "renderer/sessions", {"video_quality": "low"})
        assert (status, set(session)) == (201, {"sessionId", "livekitUrl", "livekitToken", "wsUrl"})
        async with (
            joined(session["livekitUrl"], session["livekitToken"]) as room,
            aiohttp.ClientSession() as http,
            http.ws_connect(session["wsUrl"]) as socket,
        ):
            async with asyncio.timeout(JOINS):
                while (await socket.receive_json()).get("state") != "connected":
                    pass
                while not any(each.track_publications for each in room.remote_participants.values()):  # noqa: ASYNC110 - a picture has no event
                    await asyncio.sleep(POLL)
            assert (await known.ask("DELETE", f"renderer/sessions/{session['sessionId']}"))[0] == 204
            ended = await stage.ended_session()

    assert (ended["end_reason"], ended["id"]) == ("USER_CLOSED", session["sessionId"])
