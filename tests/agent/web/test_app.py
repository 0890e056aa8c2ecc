"""Tokens, sessions and health over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from agent.process.worker_state import WorkerState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agent.process.worker_state import Status
    from tests.agent.web.web_fakes import Site


@pytest.mark.parametrize(("body", "name"), [(b"", ""), (b"{}", ""), (b'{"name": " Ada "}', "Ada")])
async def test_a_caller_gets_connection_details(site: Site, body: bytes, name: str) -> None:
    """The name is optional, and the answer is not cached."""
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


async def test_the_room_of_an_admitted_caller_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """The room's name is the call's id in the answer and in every later line."""
    with caplog.at_level("INFO", "agent"):
        async with site.client() as client, client.post("/api/call", json={"name": "Ada"}) as answer:
            room = (await answer.json())["room"]

    assert [record.__dict__["room"] for record in caplog.records if record.message == "a caller may join"] == [room]


async def test_a_caller_can_rejoin_a_call(site: Site) -> None:
    """A reloaded page sends its old token; no new call is made."""
    async with site.client() as client, client.post("/api/call", json={"again": "a-token"}) as answer:
        assert (answer.status, (await answer.json())["token"]) == (200, "a-fresh-token")
    assert (site.rooms.tokens, site.rooms.names) == (["a-token"], [])


@pytest.mark.parametrize(
    "body",
    [b"{", b"[]", b"\xff", b'{"name": 1}', b'{"name": null}', b'{"name": "' + b"x" * 65 + b'"}', b'{"room": "mine"}'],
)
async def test_an_invalid_request_is_refused_with_an_example(site: Site, body: bytes) -> None:
    """Status 400 shows a valid request, and no token is made."""
    async with site.client() as client, client.post("/api/call", data=body) as answer:
        assert answer.status == 400
        assert '{"name": "at most 64 characters"}' in (await answer.json())["error"]
    assert not site.rooms.names


@pytest.mark.parametrize("is_chunked", [False, True])
async def test_a_long_request_is_refused(site: Site, is_chunked: bool) -> None:
    """Its status is 413, with or without a Content-Length."""

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 1024

    body = chunks() if is_chunked else b" " * 40_960
    async with site.client() as client, client.post("/api/call", data=body) as answer:
        assert (answer.status, await answer.json()) == (413, {"error": "The request is too long."})


async def test_a_refused_room_is_answered_with_the_reason(site: Site) -> None:
    """Status 502 has the sentence that the rooms gave."""
    site.rooms.refusal = "LiveAvatar has no free session"
    async with site.client() as client, client.post("/api/call") as answer:
        assert (answer.status, await answer.json()) == (502, {"error": "LiveAvatar has no free session"})


async def test_an_internal_error_shows_no_traceback(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """Status 500 has a sentence, and the log has the error."""
    site.rooms.names = None  # type: ignore[assignment]  # the mistake
    async with site.client() as client, client.post("/api/call") as answer:
        assert (answer.status, await answer.json()) == (
            500,
            {"error": "Something went wrong on the server."},
        )
    assert "AttributeError" in caplog.text


async def test_unknown_paths_and_methods_are_answered_in_json(site: Site) -> None:
    """Status 405 names the allowed method."""
    async with site.client() as client:
        async with client.get("/api/nothing") as answer:
            assert (answer.status, await answer.json()) == (404, {"error": "Not found."})
        async with client.put("/api/call") as answer:
            assert (answer.status, answer.headers["Allow"]) == (405, "POST")
            assert await answer.json() == {"error": "Method not allowed."}


@pytest.mark.parametrize(("status", "answer"), [("ok", 200), ("full", 200), ("starting", 503), ("draining", 503)])
async def test_health_is_good_while_callers_can_be_let_in(site: Site, status: Status, answer: int) -> None:
    """A full worker is healthy, as it can still answer that all lines are busy."""
    site.worker.now = WorkerState(status, 2)
    async with site.client() as client, client.get("/healthz") as health:
        assert (health.status, await health.json()) == (answer, {"status": status, "calls": 2})


async def test_a_caller_is_told_why_no_call_is_accepted(site: Site) -> None:
    """Status 503 has a sentence and a retry time: a room that is made now would get no agent."""
    answers = []
    statuses: tuple[Status, ...] = ("starting", "full", "draining")
    async with site.client() as client:
        for status in statuses:
            site.worker.now = WorkerState(status, 0)
            async with client.post("/api/call") as answer:
                answers.append((answer.status, answer.headers["Retry-After"], (await answer.json())["error"]))

    assert answers == [
        (503, "2", "The agent is not ready yet."),
        (503, "10", "All lines are busy at the moment."),
        (503, "10", "The agent is being restarted and takes no new calls."),
    ]
    assert not site.rooms.names


async def test_a_clients_unjoined_calls_are_limited(site: Site) -> None:
    """The third unjoined call is refused until a caller joins or a wait ends."""
    async with site.client() as client:
        statuses = [(await client.post("/api/call")).status for _ in range(2)]
        async with client.post("/api/call") as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (429, "45")
            assert (await refused.json())["error"] == "Too many calls are waiting for their callers."
        site.rooms.joined.add("a-token")
        statuses.append((await client.post("/api/call")).status)

    assert statuses == [200] * 3
    assert len(site.rooms.names) == 3


async def test_concurrent_requests_get_no_more_calls(site: Site) -> None:
    """Requests are counted before the rooms are asked."""
    async with site.client() as client:
        answers = await asyncio.gather(*(client.post("/api/call") for _ in range(4)))

    assert sorted(answer.status for answer in answers) == [200, 200, 429, 429]
    assert len(site.rooms.names) == 2


async def test_with_the_secret_only_the_total_number_of_unjoined_calls_is_limited(site: Site) -> None:
    """The secret belongs to a server that asks for many callers."""
    headers = {"Authorization": "Bearer a-secret"}
    async with site.client(web_secret="a-secret", unjoined_calls=4) as client:
        statuses = [(await client.post("/api/call", headers=headers)).status for _ in range(5)]

    assert statuses == [200] * 4 + [429]


async def test_a_failed_call_does_not_count(site: Site) -> None:
    """The rooms gave no connection details."""
    site.rooms.refusal = "There is no room."
    async with site.client() as client:
        failed = [(await client.post("/api/call")).status for _ in range(3)]
        site.rooms.refusal = ""
        statuses = [(await client.post("/api/call")).status for _ in range(2)]

    assert (failed, statuses) == ([502] * 3, [200] * 2)


async def test_calls_that_cost_nothing_before_the_join_are_not_counted(site: Site) -> None:
    """With AVATAR_STARTS=join nothing is paid before the join."""
    site.rooms.waits = 0.0
    async with site.client() as client:
        statuses = [(await client.post("/api/call")).status for _ in range(5)]

    assert statuses == [200] * 5


async def test_the_word_none_is_not_a_secret(site: Site) -> None:
    """Everybody may call, and sessions are not listed."""
    async with site.client(web_secret="None") as client:
        async with client.post("/api/call") as answer:
            assert answer.status == 200
        async with client.get("/api/sessions", headers={"Authorization": "Bearer none"}) as answer:
            assert answer.status == 403


async def test_a_caller_is_told_that_the_call_to_rejoin_is_over(site: Site) -> None:
    """Status 410 tells the page that it must not start another call by itself."""
    site.rooms.over = "The call has ended."
    async with site.client() as client, client.post("/api/call", json={"again": "a-token"}) as answer:
        assert (answer.status, await answer.json()) == (410, {"error": "The call has ended."})


async def test_a_caller_comes_back_while_no_new_call_is_accepted(site: Site) -> None:
    """The call goes on, so a page that is reloaded during a drain is let in."""
    async with site.client() as client:
        site.worker.now = WorkerState("draining", 1)
        async with client.post("/api/call", json={"again": "a-token"}) as answer:
            assert (answer.status, (await answer.json())["token"]) == (200, "a-fresh-token")
    assert site.rooms.tokens == ["a-token"]


async def test_sessions_are_listed_with_the_secret(site: Site) -> None:
    """The list is that of this machine's journal."""
    site.journal.add("a-session", api_url="http://vendor", room="a-room")
    headers = {"Authorization": "Bearer a-secret"}
    async with site.client(web_secret="a-secret") as client, client.get("/api/sessions", headers=headers) as answer:
        (session,) = (await answer.json())["sessions"]

    assert session.pop("seconds") >= 0.0
    assert session == {"session_id": "a-session", "room": "a-room", "state": "made", "is_owned": True}


async def test_sessions_are_not_listed_without_a_secret(site: Site) -> None:
    """The status is 401 without the secret, and 403 if none is set."""
    async with site.client(web_secret="a-secret") as client, client.get("/api/sessions") as answer:
        assert answer.status == 401
    async with site.client() as client, client.get("/api/sessions") as answer:
        assert answer.status == 403
        assert (await answer.json())["error"] == "Set WEB_SECRET to list sessions."
