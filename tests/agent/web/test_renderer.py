"""Sessions for front ends that render LiveAvatar themselves."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from agent.web.app import create_app
from avatar.sessions.journal import SessionJournal
from tests.agent.web.web_fakes import Site, settings
from tests.avatar.fakes import KEY, reply
from tests.avatar.hosting import Hosting, token

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aiohttp import web

KNOWN = {"Authorization": "Bearer a-secret"}
SESSIONS = "/api/renderer/sessions"


class Many(Hosting):
    """A service that starts as many sessions as requested, and stops them by their ids."""

    def __init__(self) -> None:
        super().__init__()
        self.stopped: list[str] = []
        self.refuses_stops = False

    def on_token(self, request: web.Request) -> web.Response:
        if request.headers["X-API-KEY"] != KEY:
            return reply({"code": 4010, "data": None, "message": "Invalid API key"}, status=401)
        made = {"session_id": f"s-{len(self.called('token'))}", "session_token": "jwt"}
        return reply({"code": 1000, "data": made, "message": "ok"})

    def on_start(self, request: web.Request) -> web.Response:
        session_id = f"s-{len(self.called('token'))}"
        self.running.add(session_id)
        data = {
            "session_id": session_id,
            "livekit_url": "wss://theirs.example",
            "livekit_client_token": token("client", f"liveavatar-{session_id}"),
            "livekit_agent_token": token("agent", f"liveavatar-{session_id}"),
            "ws_url": f"{self.url}/ws",
        }
        return reply({"code": 1000, "data": data, "message": "ok"}, status=201)

    def on_stop(self, request: web.Request) -> web.Response:
        if self.refuses_stops:
            return reply({"code": 5000, "data": None, "message": "later"}, status=503)
        self.stopped.append(self.called("stop")[-1]["session_id"])
        self.running.discard(self.stopped[-1])
        return reply({"code": 1000, "data": None, "message": "ok"})


@asynccontextmanager
async def front_end(directory: Path, service: Hosting, **values: Any) -> AsyncIterator[TestClient[Any, Any]]:
    """Run a server that starts sessions of this service, and a front end."""
    site = Site(directory)
    async with service.running_server() as url:
        given = {"liveavatar_api_key": KEY, "liveavatar_api_url": url, "liveavatar_avatar_id": "an-avatar"}
        set_ = settings(**{**given, "web_secret": "a-secret", **values})
        app = create_app(set_, site.rooms, site.worker, site.journal, site.page)
        async with TestClient(TestServer(app)) as client:
            yield client


def noted(directory: Path) -> list[str]:
    """Return the sessions that the journal counts as running."""
    return [entry.session_id for entry in SessionJournal(directory / "state").entries()]


async def test_a_front_end_gets_what_a_renderer_needs(tmp_path: Path) -> None:
    """The fields have the names of LiveAvatarRenderer, and the journal has the session until it is stopped."""
    service = Many()
    async with front_end(tmp_path, service) as client:
        async with client.post(SESSIONS, headers=KNOWN) as answer:
            assert (answer.status, answer.headers["Cache-Control"]) == (201, "no-store")
            assert await answer.json() == {
                "sessionId": "s-1",
                "livekitUrl": "wss://theirs.example",
                "livekitToken": token("client", "liveavatar-s-1"),
                "wsUrl": f"{service.url}/ws",
            }
        assert (noted(tmp_path), service.running) == (["s-1"], {"s-1"})
        async with client.delete(f"{SESSIONS}/s-1", headers=KNOWN) as answer:
            assert answer.status == 204
        assert (noted(tmp_path), service.stopped) == ([], ["s-1"])


async def test_the_front_end_chooses_the_avatar(tmp_path: Path) -> None:
    """It may also choose the quality; the settings fill the rest, and the service gets the maximum duration."""
    service = Many()
    async with front_end(tmp_path, service, renderer_minutes=3, liveavatar_video_quality="low") as client:
        async with client.post(SESSIONS, headers=KNOWN, json={"avatar_id": "another", "video_quality": "medium"}):
            pass
        async with client.post(SESSIONS, headers=KNOWN):
            pass

    asked = [(each["avatar_id"], each["video_settings"]["quality"]) for each in service.called("token")]
    assert asked == [("another", "medium"), ("an-avatar", "low")]
    assert {each["max_session_duration"] for each in service.called("token")} == {180}


async def test_the_number_of_sessions_is_limited(tmp_path: Path) -> None:
    """Status 429 says when there will be room; stopping a session makes room at once."""
    service = Many()
    async with front_end(tmp_path, service, renderer_sessions=2) as client:
        statuses = [(await client.post(SESSIONS, headers=KNOWN)).status for _ in range(3)]
        refused = await client.post(SESSIONS, headers=KNOWN)
        await client.delete(f"{SESSIONS}/s-1", headers=KNOWN)
        again = await client.post(SESSIONS, headers=KNOWN)

    assert statuses == [201, 201, 429]
    assert 600 <= int(refused.headers["Retry-After"]) <= 610
    assert again.status == 201


async def test_a_session_is_stopped_at_its_limit(tmp_path: Path) -> None:
    """No agent watches it, so the server stops it however long the front end goes on."""
    service = Many()
    async with asyncio.timeout(20), front_end(tmp_path, service, renderer_minutes=0.005) as client:
        async with client.post(SESSIONS, headers=KNOWN) as answer:
            assert answer.status == 201
        while service.running:  # noqa: ASYNC110 - the service has no event
            await asyncio.sleep(0.02)
    assert service.stopped == ["s-1"]


async def test_the_end_of_the_server_stops_its_sessions(tmp_path: Path) -> None:
    """No other process knows when to stop them."""
    service = Many()
    async with service.running_server() as url:
        given = {"liveavatar_api_key": KEY, "liveavatar_api_url": url, "liveavatar_avatar_id": "an-avatar"}
        app = create_app(
            settings(**given, web_secret="a-secret"),
            Site(tmp_path).rooms,
            Site(tmp_path).worker,
            Site(tmp_path).journal,
            tmp_path,
        )
        async with TestClient(TestServer(app)) as client:
            for _ in range(2):
                await client.post(SESSIONS, headers=KNOWN)
        assert (sorted(service.stopped), noted(tmp_path)) == (["s-1", "s-2"], [])


async def test_a_stop_that_fails_is_left_to_the_sweep(tmp_path: Path) -> None:
    """The status is 502, and the journal keeps the session."""
    service = Many()
    async with front_end(tmp_path, service) as client:
        await client.post(SESSIONS, headers=KNOWN)
        service.refuses_stops = True
        async with client.delete(f"{SESSIONS}/s-1", headers=KNOWN) as answer:
            assert answer.status == 502
        assert noted(tmp_path) == ["s-1"]


async def test_a_session_that_was_started_elsewhere_is_stopped_too(tmp_path: Path) -> None:
    """Behind a load balancer another server may get the request, or this one after a restart."""
    service = Many()
    async with front_end(tmp_path, service) as client, client.delete(f"{SESSIONS}/s-9", headers=KNOWN) as answer:
        assert (answer.status, service.stopped) == (204, ["s-9"])


async def test_a_session_that_liveavatar_refuses_takes_no_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The status is 502, and the details for the operator are in the log."""
    service = Many()
    async with front_end(tmp_path, service, liveavatar_api_key="another-key", renderer_sessions=1) as client:
        answers = [await client.post(SESSIONS, headers=KNOWN) for _ in range(2)]
        sentences = {(await answer.json())["error"] for answer in answers}

    assert [answer.status for answer in answers] == [502, 502]
    assert sentences == {"Avatar sessions are not available at the moment. Please try again later."}
    assert "no avatar session could be started" in caplog.text


async def test_a_reached_limit_starts_no_session(tmp_path: Path) -> None:
    """The day's minutes and the credits limit these sessions as well as calls."""
    service, journal = Many(), SessionJournal(tmp_path / "state")
    async with front_end(tmp_path, service, minutes_per_day=0.01) as client:
        url = service.url
        journal.add("s-0", api_url=url)
        journal.mark_started("s-0", 600)
        await asyncio.sleep(0.7)
        async with client.post(SESSIONS, headers=KNOWN) as answer:
            assert answer.status == 502
    assert not service.called("token")


@pytest.mark.parametrize("body", [{"avatar": "x"}, {"video_quality": "4k"}, {"avatar_id": 1}])
async def test_an_invalid_request_is_refused(tmp_path: Path, body: dict[str, Any]) -> None:
    """Status 400 names the field, and no session is started."""
    service = Many()
    async with front_end(tmp_path, service) as client, client.post(SESSIONS, headers=KNOWN, json=body) as answer:
        assert answer.status == 400
        assert (await answer.json())["error"].startswith(next(iter(body)))
    assert not service.called("token")


async def test_the_api_needs_a_secret(tmp_path: Path) -> None:
    """The status is 403 if none is set, and 401 without it."""
    service = Many()
    async with front_end(tmp_path / "open", service, web_secret="") as client:
        async with client.post(SESSIONS) as answer:
            assert (answer.status, await answer.json()) == (
                403,
                {"error": "Set WEB_SECRET to start avatar sessions over HTTP."},
            )
        async with client.delete(f"{SESSIONS}/s-1") as answer:
            assert answer.status == 403
    async with front_end(tmp_path / "closed", service) as client, client.post(SESSIONS) as answer:
        assert answer.status == 401
    assert not service.called("token")
