"""The HTTP API for backends, against a LiveKit server with one room."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from livekit import api

from agent.control.backend import is_admin
from agent.process.worker_state import WorkerState
from agent.rooms.own import OwnRooms
from agent.web.app import create_app
from tests.agent.rooms.fake_livekit import FakeLiveKit, agent, avatar, people
from tests.agent.web.web_fakes import LIVEKIT, Site, settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ROOM = "call-0123456789abcdef"
SECRET = "a-secret"
KNOWN = {"Authorization": f"Bearer {SECRET}"}
ATTRIBUTES = {"control": "1", "persona": "nova", "avatar": "live", "lk.agent.state": "speaking"}

Answer = tuple[int, Any]


def agent_that(**attributes: str) -> api.ParticipantInfo:
    """Make the agent with these attributes."""
    made = agent("agent-1")
    made.attributes.update(attributes)
    return made


class Passing(FakeLiveKit):
    """A LiveKit server that forwards requests to an agent, whose answers follow a script.

    Attributes:
        answers: Objects that the agent answers, or LiveKit's errors; the last one is repeated.
        asked: Requests as the agent gets them.
        rpcs: Requests as LiveKit's server gets them.
        deleted: Deleted rooms.
    """

    def __init__(self, *there: api.ParticipantInfo, room: str = ROOM) -> None:
        super().__init__(room, list(there))
        self.answers: list[dict[str, Any]] = [{"answer": {}}]
        self.asked: list[dict[str, Any]] = []
        self.rpcs: list[api.PerformRpcRequest] = []
        self.deleted: list[str] = []

    def routes(self) -> dict[str, Any]:
        return super().routes() | {"RoomService/PerformRpc": self._perform, "RoomService/DeleteRoom": self._delete}

    async def _perform(self, request: web.Request) -> web.Response:
        message = api.PerformRpcRequest.FromString(await request.read())
        assert is_admin(request.headers["Authorization"].split()[1], LIVEKIT["livekit_api_key"], KEY_SECRET, ROOM)
        self.rpcs.append(message)
        self.asked.append(json.loads(message.payload))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if "code" in answer:
            return web.json_response(answer, status=answer.get("status", 500))
        made = api.PerformRpcResponse(payload=json.dumps(answer))
        return web.Response(body=made.SerializeToString(), content_type="application/protobuf")

    async def _delete(self, request: web.Request) -> web.Response:
        self.deleted.append(api.DeleteRoomRequest.FromString(await request.read()).room)
        return web.Response(body=api.DeleteRoomResponse().SerializeToString(), content_type="application/protobuf")


KEY_SECRET = LIVEKIT["livekit_api_secret"]


class Backend:
    """A backend that knows the secret."""

    def __init__(self, client: TestClient[Any, Any]) -> None:
        self._client = client

    async def ask(self, method: str, path: str = "", body: Any = None, **headers: str) -> Answer:
        """Send a request for a path below the call's."""
        url = f"/api/calls/{ROOM}{path}"
        async with self._client.request(method, url, json=body, headers=headers or KNOWN) as answer:
            return answer.status, await answer.json() if answer.status != 204 else None


@asynccontextmanager
async def backend(directory: Path, livekit: FakeLiveKit, secret: str = SECRET) -> AsyncIterator[Backend]:
    """Run a server with this LiveKit, and a backend."""
    site = Site(directory)
    async with livekit.running():
        set_ = settings(livekit_url=livekit.url, web_secret=secret)
        app = create_app(set_, OwnRooms(set_), site.worker, site.journal, site.page)
        async with TestClient(TestServer(app)) as client:
            yield Backend(client)


async def test_a_call_is_described_by_its_room(tmp_path: Path) -> None:
    """The description has the agent's attributes and all participants."""
    livekit = Passing(*people("caller-1"), agent_that(**ATTRIBUTES), avatar("agent-1"))
    async with backend(tmp_path, livekit) as known:
        status, told = await known.ask("GET")

    assert status == 200
    assert told == {
        "id": ROOM,
        "state": "running",
        "persona": "nova",
        "avatar": "live",
        "agent_state": "speaking",
        "ends_at": None,
        "participants": [
            {"identity": "caller-1", "name": "", "kind": "caller"},
            {"identity": "agent-1", "name": "", "kind": "agent"},
            {"identity": "avatar", "name": "", "kind": "avatar"},
        ],
    }


@pytest.mark.parametrize(
    ("there", "state"),
    [
        ([], "waiting"),
        (people("caller-1"), "waiting"),
        ([agent_that()], "starting"),
        ([agent_that(control="1", ends_at="2026-01-01T00:00:00+00:00")], "ending"),
    ],
)
async def test_the_state_follows_the_agent(tmp_path: Path, there: list[api.ParticipantInfo], state: str) -> None:
    """The call is waiting without an agent, starting until it takes requests, and ending once that is announced."""
    async with backend(tmp_path, Passing(*there)) as known:
        assert (await known.ask("GET"))[1]["state"] == state


@pytest.mark.parametrize("room", ["", "another"])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/interrupt"), ("GET", "/repeat/1")]
)
async def test_a_call_that_is_over_is_not_found(tmp_path: Path, room: str, method: str, path: str) -> None:
    """Every request gets status 404."""
    async with backend(tmp_path, Passing(room=room)) as known:
        assert await known.ask(method, path) == (404, {"error": "There is no such call, or it is over."})


async def test_another_applications_room_is_not_a_call(tmp_path: Path) -> None:
    """A project may have other rooms, which are calls only with an agent in them."""
    livekit = Passing(*people("somebody"), room="meeting")
    async with backend(tmp_path, livekit) as known:
        async with known._client.get("/api/calls/meeting", headers=KNOWN) as answer:
            assert answer.status == 404
        livekit.there = [agent_that(control="1")]
        async with known._client.get("/api/calls/meeting", headers=KNOWN) as answer:
            assert answer.status == 200


@pytest.mark.parametrize(
    ("path", "body", "method"),
    [
        ("/talk", {"text": "Hello."}, "talk"),
        ("/repeat", {"text": "Hello."}, "repeat"),
        ("/interrupt", None, "interrupt"),
    ],
)
async def test_requests_reach_the_agent(tmp_path: Path, path: str, body: Any, method: str) -> None:
    """LiveKit's server forwards them, with a token for this room only; the agent's answer is the response."""
    livekit = Passing(agent_that(**ATTRIBUTES))
    livekit.answers = [{"answer": {"id": "r1", "sentences": 1}}]
    async with backend(tmp_path, livekit) as known:
        assert await known.ask("POST", path, body) == (200, {"id": "r1", "sentences": 1})

    assert (livekit.rpcs[0].room, livekit.rpcs[0].destination_identity) == (ROOM, "agent-1")
    assert (livekit.asked[0]["method"], livekit.asked[0]["payload"]) == (method, body or {})
    assert is_admin(livekit.asked[0]["token"], LIVEKIT["livekit_api_key"], KEY_SECRET, ROOM)


async def test_the_state_of_a_repeat_can_be_read(tmp_path: Path) -> None:
    """The agent waits as long as the request allows."""
    livekit = Passing(agent_that(**ATTRIBUTES))
    told = {"id": "r1", "state": "finished", "duration_ms": 1200, "played_ms": 1200}
    livekit.answers = [{"answer": told}]
    async with backend(tmp_path, livekit) as known:
        assert await known.ask("GET", "/repeat/r1?wait=2.5") == (200, told)
        for query in ("wait=60", "wait=soon", "how=long"):
            assert (await known.ask("GET", f"/repeat/r1?{query}"))[0] == 400

    assert [each["payload"] for each in livekit.asked] == [{"id": "r1", "wait": 2.5}]


async def test_the_same_request_is_repeated_until_it_is_answered(tmp_path: Path) -> None:
    """LiveKit's server only waits for seconds; the request's id lets the agent recognise a repetition."""
    livekit = Passing(agent_that(**ATTRIBUTES))
    livekit.answers = [{"code": "canceled"}, {"code": "deadline_exceeded"}, {"answer": {"sentences": 1}}]
    async with backend(tmp_path, livekit) as known:
        assert await known.ask("POST", "/repeat", {"text": "Hello."}) == (200, {"sentences": 1})

    assert len(livekit.asked) == 3
    assert len({each["id"] for each in livekit.asked}) == 1
    assert {each.response_timeout_ms for each in livekit.rpcs} == {2500}


async def test_a_call_that_does_not_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets status 504 after our own time limit."""
    monkeypatch.setattr("agent.web.running_calls._ANSWER_TIMEOUT", 0.2)
    livekit = Passing(agent_that(**ATTRIBUTES))
    livekit.answers = [{"code": "canceled"}]
    async with asyncio.timeout(20), backend(tmp_path, livekit) as known:
        assert await known.ask("POST", "/interrupt") == (504, {"error": "The call did not answer in time."})


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("invalid_argument", 409),
        ("not_found", 404),
        ("unimplemented", 501),
        ("bad_route", 501),
        ("internal", 502),
        ("unavailable", 502),
    ],
)
async def test_livekits_errors_are_put_into_our_words(tmp_path: Path, code: str, status: int) -> None:
    """A backend learns what it can do, and reads none of LiveKit's words."""
    livekit = Passing(agent_that(**ATTRIBUTES))
    livekit.answers = [{"code": code, "msg": "twirp error unknown"}]
    async with backend(tmp_path, livekit) as known:
        answered, told = await known.ask("POST", "/interrupt")

    assert answered == status
    assert "twirp" not in told["error"]


async def test_the_agents_refusal_is_the_answer(tmp_path: Path) -> None:
    """Its code becomes the status; the sentence and the retry time are passed on."""
    livekit = Passing(agent_that(**ATTRIBUTES))
    livekit.answers = [{"refused": {"code": 429, "message": "That is too often.", "retry_after": 0.4}}]
    async with backend(tmp_path, livekit) as known:
        url = f"/api/calls/{ROOM}/interrupt"
        async with known._client.post(url, headers=KNOWN) as answer:
            assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
            assert await answer.json() == {"error": "That is too often."}


@pytest.mark.parametrize("there", [[], people("caller-1"), [agent_that()]])
async def test_an_agent_that_takes_no_requests_yet_is_not_asked(
    tmp_path: Path, there: list[api.ParticipantInfo]
) -> None:
    """The status is 409, as the call has not begun."""
    livekit = Passing(*there)
    async with backend(tmp_path, livekit) as known:
        assert (await known.ask("POST", "/talk", {"text": "Hello."}))[0] == 409
    assert not livekit.asked


@pytest.mark.parametrize(
    ("path", "body"),
    [("/talk", {}), ("/talk", {"text": " "}), ("/repeat", {"text": "a" * 2001}), ("/interrupt", {"text": "Hello."})],
)
async def test_an_invalid_request_does_not_reach_the_agent(tmp_path: Path, path: str, body: Any) -> None:
    """Status 400 names the field."""
    livekit = Passing(agent_that(**ATTRIBUTES))
    async with backend(tmp_path, livekit) as known:
        status, told = await known.ask("POST", path, body)
    assert (status, told["error"].startswith("text: ")) == (400, True)
    assert not livekit.asked


async def test_the_agent_ends_its_call(tmp_path: Path) -> None:
    """The agent stops the avatar and closes the room itself."""
    livekit = Passing(agent_that(**ATTRIBUTES))
    async with backend(tmp_path, livekit) as known:
        assert await known.ask("DELETE") == (204, None)
    assert ([each["method"] for each in livekit.asked], livekit.deleted) == (["end_call"], [])


async def test_a_call_without_an_agent_is_ended_by_closing_its_room(tmp_path: Path) -> None:
    """The caller has not joined, or the agent has died."""
    livekit = Passing(*people("caller-1"))
    async with backend(tmp_path, livekit) as known:
        assert await known.ask("DELETE") == (204, None)
    assert (livekit.asked, livekit.deleted) == ([], [ROOM])


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("DELETE", ""), ("POST", "/talk"), ("GET", "/repeat/1")])
async def test_the_api_needs_a_secret(tmp_path: Path, method: str, path: str) -> None:
    """The status is 403 if none is set, and 401 without it."""
    livekit = Passing(agent_that(**ATTRIBUTES))
    async with backend(tmp_path / "open", livekit, secret="") as known:
        assert await known.ask(method, path) == (403, {"error": "Set WEB_SECRET to steer calls over HTTP."})
    async with backend(tmp_path / "closed", livekit) as known:
        assert (await known.ask(method, path, Authorization="Bearer another"))[0] == 401
    assert not livekit.rpcs


async def test_an_unreachable_livekit_server_is_reported(tmp_path: Path) -> None:
    """The status is 502, and there is no traceback."""
    livekit = FakeLiveKit()
    async with backend(tmp_path, livekit) as known:
        livekit.on_dispatch()
    set_ = settings(livekit_url=livekit.url, web_secret=SECRET)
    app = create_app(set_, OwnRooms(set_), Site(tmp_path).worker, Site(tmp_path).journal, tmp_path)
    async with TestClient(TestServer(app)) as client:
        known = Backend(client)
        assert await known.ask("GET") == (502, {"error": "The call can't be reached at the moment. Please try again."})


@asynccontextmanager
async def begun(directory: Path, body: Any, **values: Any) -> AsyncIterator[tuple[int, dict[str, Any], FakeLiveKit]]:
    """Begin a call as a backend; yield the answer's status and body, and the call's LiveKit server."""
    livekit, site = FakeLiveKit(), Site(directory)
    async with livekit.running():
        set_ = settings(livekit_url=livekit.url, web_secret=SECRET, **values)
        app = create_app(set_, OwnRooms(set_), site.worker, site.journal, site.page)
        async with TestClient(TestServer(app)) as client, client.post("/api/calls", json=body, headers=KNOWN) as answer:
            yield answer.status, await answer.json(), livekit


async def test_a_backend_begins_a_call(tmp_path: Path) -> None:
    """It gets the call's id and connection details for its caller; the room has the configuration."""
    body = {"name": "Ada", "call": {"persona": "poet", "opening": "Welcome back."}}
    async with begun(tmp_path, body) as (status, told, livekit):
        claims = api.TokenVerifier(LIVEKIT["livekit_api_key"], KEY_SECRET).verify(told["token"])

    assert (status, told["id"]) == (201, told["room"])
    assert claims.video is not None
    assert (claims.name, claims.video.room, claims.identity) == ("Ada", told["id"], told["identity"])
    [room] = livekit.created
    assert room.name == told["id"]
    assert json.loads(room.metadata)["call"] == {"persona": "poet", "opening": "Welcome back."}


@pytest.mark.parametrize(
    ("body", "field"),
    [({"call": {"persona": "nobody"}}, "persona"), ({"call": {"face": "x"}}, "face"), ({"again": "x"}, "again")],
)
async def test_an_invalid_call_is_refused(tmp_path: Path, body: Any, field: str) -> None:
    """Status 400 names the field, and no room is made."""
    async with begun(tmp_path, body) as (status, told, livekit):
        assert status == 400
        assert field in told["error"]
        assert not livekit.created


async def test_beginning_a_call_needs_a_secret(tmp_path: Path) -> None:
    """Without a secret, `POST /api/call` can be used."""
    async with backend(tmp_path, Passing(), secret="") as known, known._client.post("/api/calls") as answer:
        assert answer.status == 403


async def test_no_call_begins_while_none_is_accepted(tmp_path: Path) -> None:
    """Status 503 says when to ask again."""
    site = Site(tmp_path)
    site.worker.now = WorkerState("draining", 0)
    set_ = settings(web_secret=SECRET)
    app = create_app(set_, OwnRooms(set_), site.worker, site.journal, site.page)
    async with TestClient(TestServer(app)) as client, client.post("/api/calls", headers=KNOWN) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10")
