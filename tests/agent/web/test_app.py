"""Tokens, sessions and health over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from agent.web.health import Health
from tests.agent.web.web_fakes import IdleServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.agent.web.web_fakes import Site


@pytest.mark.parametrize(("body", "name"), [(b"", ""), (b"{}", ""), (b'{"name": " Ada "}', "Ada")])
async def test_a_caller_gets_what_the_rooms_give(site: Site, body: bytes, name: str) -> None:
    """Who asks, with or without a name, is told where to join and with what; nobody keeps the answer."""
    async with site.client() as client, client.post("/api/call", data=body) as answer:
        assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
        assert await answer.json() == {
            "url": "ws://rooms",
            "token": "a-token",
            "room": "a-room",
            "identity": "a-caller",
            "expires_in": 600.0,
        }
    assert site.rooms.names == [name]


async def test_the_log_has_the_room_of_who_may_join(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The room's name is the id of the call, in the answer as in every later line."""
    with caplog.at_level("INFO", "agent"):
        async with site.client() as client, client.post("/api/call", json={"name": "Ada"}) as answer:
            room = (await answer.json())["room"]

    assert [record.__dict__["room"] for record in caplog.records if record.message == "a caller may join"] == [room]


async def test_who_was_in_a_call_gets_in_again(site: Site) -> None:
    """With the token that they had, on a page that was reloaded; it is no new call."""
    async with site.client() as client, client.post("/api/call", json={"again": "a-token"}) as answer:
        assert (answer.status, (await answer.json())["token"]) == (200, "a-fresh-token")
    assert (site.rooms.tokens, site.rooms.names) == (["a-token"], [])


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"\xff", b'{"name": 1}', b'{"name": null}', b'{"name": "' + b"x" * 65 + b'"}', b'{"room": "mine"}'],
)
async def test_what_is_no_request_is_refused_with_an_example(site: Site, body: bytes) -> None:
    """400 says what would do, and nobody is let in."""
    async with site.client() as client, client.post("/api/call", data=body) as answer:
        assert answer.status == 400
        assert '{"name": "at most 64 characters"}' in (await answer.json())["error"]
    assert not site.rooms.names


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_too_long_a_request_is_refused(site: Site, is_chunked: bool) -> None:
    """413, whether or not its length is told before it comes."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(8):
            yield b" " * 1024

    body = chunks() if is_chunked else b" " * 8192
    async with site.client() as client, client.post("/api/call", data=body) as answer:
        assert (answer.status, await answer.json()) == (413, {"error": "The request is too long."})


async def test_a_room_that_can_not_be_had_is_told_with_its_reason(site: Site) -> None:
    """502 carries the sentence that the rooms gave."""
    site.rooms.refusal = "LiveAvatar has no free session"
    async with site.client() as client, client.post("/api/call") as answer:
        assert (answer.status, await answer.json()) == (502, {"error": "LiveAvatar has no free session"})


async def test_a_mistake_of_ours_shows_no_traceback(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """500 is a sentence; what happened is in the log."""
    site.rooms.names = None  # type: ignore[assignment]  # the mistake
    async with site.client() as client, client.post("/api/call") as answer:
        assert (answer.status, await answer.json()) == (
            500,
            {"error": "Something went wrong on the server."},
        )
    assert "AttributeError" in caplog.text


async def test_what_is_not_there_is_told_in_json(site: Site) -> None:
    """404 and 405 are JSON as well, and the latter names what can be done."""
    async with site.client() as client:
        async with client.get("/api/nothing") as answer:
            assert (answer.status, await answer.json()) == (404, {"error": "Not found."})
        async with client.put("/api/call") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "POST")
            assert await answer.json() == {"error": "Method not allowed."}


async def test_health_is_good_only_while_calls_are_taken(site: Site) -> None:
    """It is not while LiveKit is lost, nor while the machine is too busy for one more, nor while it drains."""
    site.server.calls = 2
    async with site.client() as client:
        assert await _health(client) == (200, {"status": "ok", "calls": 2})
        site.server.lose_livekit()
        assert await _health(client) == (503, {"status": "starting", "calls": 2})
        site.server.register()
        assert await _health(client) == (200, {"status": "ok", "calls": 2})
        site.server.be_busy(0.95)
        assert await _health(client) == (503, {"status": "full", "calls": 2})
        site.server.begin_to_drain()
        assert await _health(client) == (503, {"status": "draining", "calls": 2})


async def test_health_is_not_good_before_livekit_knows_the_worker(site: Site) -> None:
    """A worker that has not run yet has no calls to count."""
    async with TestClient(TestServer(site.app())) as client:
        assert await _health(client) == (503, {"status": "starting", "calls": 0})


async def test_without_a_registration_a_worker_that_runs_is_up() -> None:
    """A worker whose calls come from the page alone does not wait for LiveKit."""
    server = IdleServer()
    health = Health(server, is_registered=False)
    before = health.status
    server.emit("worker_started")

    assert (before, health.status) == ("starting", "ok")


async def test_a_caller_is_told_why_no_call_is_taken(site: Site) -> None:
    """503 has a sentence, and says when to ask again: a room that is made now would get no agent."""
    answers = []
    async with site.client() as client:
        for change in (site.server.lose_livekit, lambda: site.server.be_busy(0.95), site.server.begin_to_drain):
            site.server.register()
            change()
            async with client.post("/api/call") as answer:
                answers.append((answer.status, answer.headers["Retry-After"], (await answer.json())["error"]))

    assert answers == [
        (503, "2", "The agent is not ready yet."),
        (503, "10", "All lines are busy at the moment."),
        (503, "10", "The agent is being restarted and takes no new calls."),
    ]
    assert not site.rooms.names


async def test_a_caller_is_told_that_the_call_to_rejoin_is_over(site: Site) -> None:
    """410 tells the page that there is no call to rejoin, and that it must not start another one by itself."""
    site.rooms.over = "The call has ended."
    async with site.client() as client, client.post("/api/call", json={"again": "a-token"}) as answer:
        assert (answer.status, await answer.json()) == (410, {"error": "The call has ended."})


async def test_a_caller_comes_back_while_no_new_call_is_taken(site: Site) -> None:
    """Their call goes on: a page that is reloaded while the worker drains is let in again."""
    async with site.client() as client:
        site.server.begin_to_drain()
        async with client.post("/api/call", json={"again": "a-token"}) as answer:
            assert (answer.status, (await answer.json())["token"]) == (200, "a-fresh-token")
    assert site.rooms.tokens == ["a-token"]


async def test_sessions_are_listed_to_who_knows_the_secret(site: Site) -> None:
    """What the journal knows of this machine's sessions."""
    site.journal.add("a-session", api_url="http://vendor", room="a-room")
    headers = {"Authorization": "Bearer a-secret"}
    async with site.client(web_secret="a-secret") as client, client.get("/api/sessions", headers=headers) as answer:
        (session,) = (await answer.json())["sessions"]

    assert session.pop("seconds") >= 0.0
    assert session == {"session_id": "a-session", "room": "a-room", "state": "made", "is_owned": True}


async def test_sessions_are_not_listed_without_a_secret(site: Site) -> None:
    """They are nobody's business: who does not know the secret gets 401, and without one they are not listed at all."""
    async with site.client(web_secret="a-secret") as client, client.get("/api/sessions") as answer:
        assert answer.status == 401
    async with site.client() as client, client.get("/api/sessions") as answer:
        assert answer.status == 403
        assert (await answer.json())["error"] == "Set WEB_SECRET to list sessions."


async def _health(client: TestClient[Any, Any]) -> tuple[int, object]:
    async with client.get("/healthz") as answer:
        return answer.status, await answer.json()
