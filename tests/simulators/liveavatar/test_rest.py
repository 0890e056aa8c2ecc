"""The rules of the REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulators.liveavatar import Habits, LiveKitServer, Options
from simulators.liveavatar.model import DRAWN_FACE_ID, EXPIRED_ID, WAYNE_ID
from tests.simulators.liveavatar.client import KEY, LITE, bearer

if TYPE_CHECKING:
    from tests.simulators.liveavatar.client import StandIn
    from tests.simulators.liveavatar.conftest import Serve

UNKNOWN_ID = "11111111-2222-4333-8444-555555555555"


async def test_token_is_given_in_the_envelope(stand_in: StandIn) -> None:
    """Success is code 100, and every answer says that it comes from a stand-in."""
    answer = await stand_in.post("/v1/sessions/token", LITE)

    assert (answer.status, answer.body["code"]) == (200, 100)
    assert set(answer.data) == {"session_id", "session_token"}
    assert answer.headers["X-Stand-In"] == "liveavatar"


@pytest.mark.parametrize("headers", [{}, {"X-API-KEY": "wrong"}, {"X-API-KEY": "\u00e4"}, bearer("stand-in")])
async def test_token_is_refused_when_the_key_is_wrong(stand_in: StandIn, headers: dict[str, str]) -> None:
    """Only the API key creates tokens; the code is the one for a key of HeyGen's other product (fact 19)."""
    answer = await stand_in.post("/v1/sessions/token", LITE, headers)

    assert (answer.status, answer.body["code"], answer.data) == (401, 4001, None)
    assert answer.headers["X-Stand-In"] == "liveavatar"


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"avatar_id": "not-a-uuid"}, ["avatar_id"]),
        ({"mode": "FULL"}, ["mode"]),
        ({"video_settings": {"quality": "ultra"}}, ["video_settings", "quality"]),
        ({"video_quality": "ultra"}, ["video_quality"]),
        (
            {"livekit_config": {"livekit_url": "ws://x", "livekit_room": "r"}},
            ["livekit_config", "livekit_client_token"],
        ),
        ({"max_session_duration": 0}, ["max_session_duration"]),
    ],
)
async def test_token_is_refused_with_details_when_the_body_is_invalid(
    stand_in: StandIn, changes: dict[str, object], place: list[str]
) -> None:
    """A 422 says where in the body the mistake is."""
    answer = await stand_in.post("/v1/sessions/token", LITE | changes)

    assert answer.status == 422
    assert [detail["loc"] for detail in answer.body["detail"]] == [place]
    assert {"type", "msg", "input"} <= set(answer.body["detail"][0])


async def test_token_is_refused_with_details_when_the_body_is_not_json(stand_in: StandIn) -> None:
    """A body that is not JSON gives a 422 as well."""
    async with stand_in.http.post(f"{stand_in.url}/v1/sessions/token", data=b"{", headers=KEY) as response:
        assert response.status == 422
        assert (await response.json())["detail"]


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"avatar_id": UNKNOWN_ID}, "avatar_id", "Avatar not found"),
        ({"avatar_id": EXPIRED_ID}, "avatar_id", "Avatar is expired"),
        (
            {"avatar_id": DRAWN_FACE_ID, "is_sandbox": True},
            "avatar_id",
            "This avatar is not supported in sandbox mode",
        ),
        (
            {"max_session_duration": 1201},
            "max_session_duration",
            "max_session_duration (1201s) exceeds the maximum allowed (1200s)",
        ),
    ],
)
async def test_token_is_refused_with_a_list_of_reasons(
    stand_in: StandIn, changes: dict[str, object], field: str, reason: str
) -> None:
    """A well-formed token request that can't be granted lists its reasons in `data` alone (fact 6)."""
    answer = await stand_in.post("/v1/sessions/token", LITE | changes)

    assert (answer.status, answer.body["code"]) == (400, 4000)
    assert answer.body["message"] == "Errors validating session token"
    assert [(entry["loc"], entry["message"]) for entry in answer.data] == [([field], reason)]


async def test_token_is_refused_without_a_room_when_none_can_be_hosted(stand_in: StandIn) -> None:
    """This stand-in has no LiveKit server of its own."""
    answer = await stand_in.post("/v1/sessions/token", LITE | {"livekit_config": None})

    assert answer.status == 400
    assert "livekit_config is required" in answer.body["message"]


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/sessions"), ("POST", "/v1/sessions/keep_alive"), ("DELETE", "/v1/sessions")]
)
async def test_other_methods_are_not_allowed(stand_in: StandIn, method: str, path: str) -> None:
    """Stop and keep-alive have no id in their path (fact 9)."""
    async with stand_in.http.request(method, stand_in.url + path, headers=KEY) as response:
        assert response.status == 405


async def test_other_paths_are_not_found(stand_in: StandIn) -> None:
    """Other paths are answered as by FastAPI."""
    answer = await stand_in.get("/v1/nothing/here")

    assert (answer.status, answer.body) == (404, {"detail": "Not Found"})


async def test_urllib_is_refused_by_the_edge(stand_in: StandIn) -> None:
    """A request by urllib gets a page, before the API gets it (fact 5)."""
    headers = KEY | {"User-Agent": "Python-urllib/3.12"}
    async with stand_in.http.get(f"{stand_in.url}/v1/users/credits", headers=headers) as response:
        assert (response.status, response.content_type) == (403, "text/html")


async def test_start_is_answered_with_201_and_the_websockets_url(stand_in: StandIn) -> None:
    """With a room of the client's own, the answer has the WebSocket and no room."""
    created = await stand_in.create(max_session_duration=600)
    answer = await stand_in.post("/v1/sessions/start", {"session_id": "ignored"}, bearer(created["session_token"]))

    assert (answer.status, answer.body["code"]) == (201, 100)
    assert set(answer.data) == {"session_id", "max_session_duration", "ws_url"}
    assert answer.data["max_session_duration"] == 600
    assert answer.data["ws_url"].startswith(stand_in.url.replace("http", "ws") + "/ws/")


@pytest.mark.parametrize("headers", [KEY, bearer("wrong"), {"Authorization": "Basic x"}])
async def test_start_is_refused_without_the_session_token(stand_in: StandIn, headers: dict[str, str]) -> None:
    """The API key does not start a session."""
    await stand_in.create()

    assert (await stand_in.post("/v1/sessions/start", headers=headers)).status == 401


async def test_start_is_refused_when_it_was_started_before(stand_in: StandIn) -> None:
    """A token starts one session, once."""
    session = await stand_in.start()
    again = await stand_in.post("/v1/sessions/start", headers=bearer(session["session_token"]))

    assert again.status == 400
    assert len(stand_in.rooms) == 1


async def test_start_is_refused_when_too_many_sessions_run(serve: Serve) -> None:
    """The refusal is 403 with code 4032, until one of the sessions has been stopped."""
    stand_in = await serve(Options(habits=Habits.fast(concurrency=1)))
    first, second = await stand_in.start(), await stand_in.create()
    refused = await stand_in.post("/v1/sessions/start", headers=bearer(second["session_token"]))
    assert (refused.status, refused.body["code"]) == (403, 4032)
    assert refused.body["message"] == "Session concurrency limit reached"

    await stand_in.post("/v1/sessions/stop", {"session_id": first["session_id"]})
    accepted = await stand_in.post("/v1/sessions/start", headers=bearer(second["session_token"]))
    assert accepted.status == 201


async def test_start_is_refused_without_credits_but_in_the_sandbox(serve: Serve) -> None:
    """A session needs one minute's credit to start; the sandbox needs none."""
    stand_in = await serve(Options(habits=Habits.fast(credits=0.5)))
    created = await stand_in.create()
    refused = await stand_in.post("/v1/sessions/start", headers=bearer(created["session_token"]))

    assert refused.status == 403
    assert await stand_in.start(avatar_id=WAYNE_ID, is_sandbox=True)


async def test_stop_leaves_the_room_and_records_the_reason(stand_in: StandIn) -> None:
    """The avatar has left when the answer comes."""
    session = await stand_in.start()
    body = {"session_id": session["session_id"], "reason": "USER_DISCONNECTED"}
    answer = await stand_in.post("/v1/sessions/stop", body, bearer(session["session_token"]))

    assert answer.status == 200
    assert stand_in.rooms[0].left.is_set()
    assert (await stand_in.ended(session))["end_reason"] == "USER_DISCONNECTED"


async def test_stop_needs_no_body_with_the_session_token(stand_in: StandIn) -> None:
    """The token identifies the session, and the reason is USER_CLOSED."""
    session = await stand_in.start()
    await stand_in.post("/v1/sessions/stop", headers=bearer(session["session_token"]))

    assert (await stand_in.ended(session))["end_reason"] == "USER_CLOSED"


async def test_stop_needs_the_session_id_with_the_api_key(stand_in: StandIn) -> None:
    """The key stops any session, but needs its id."""
    session = await stand_in.start()

    assert (await stand_in.post("/v1/sessions/stop")).status == 404
    assert (await stand_in.post("/v1/sessions/stop", {"session_id": session["session_id"]})).status == 200
    assert (await stand_in.ended(session))["end_reason"] == "UNKNOWN"


async def test_stop_keeps_the_first_reason_when_it_is_repeated(stand_in: StandIn) -> None:
    """A second stop is harmless if the service accepts it."""
    session = await stand_in.start()
    for reason in ("USER_CLOSED", "SERVER_ERROR"):
        body = {"session_id": session["session_id"], "reason": reason}
        assert (await stand_in.post("/v1/sessions/stop", body)).status == 200

    assert (await stand_in.ended(session))["end_reason"] == "USER_CLOSED"


@pytest.mark.parametrize("path", ["/v1/sessions/stop", "/v1/sessions/keep-alive"])
async def test_session_requests_are_refused_without_a_credential(stand_in: StandIn, path: str) -> None:
    """A session request with neither key nor token is refused with 401."""
    session = await stand_in.start()

    assert (await stand_in.post(path, {"session_id": session["session_id"]}, {})).status == 401


async def test_keep_alive_takes_the_token_or_the_key(stand_in: StandIn) -> None:
    """The call is the REST form of `session.keep_alive`."""
    session = await stand_in.start()
    with_token = await stand_in.post("/v1/sessions/keep-alive", {}, bearer(session["session_token"]))
    with_key = await stand_in.post("/v1/sessions/keep-alive", {"session_id": session["session_id"]})

    assert (with_token.status, with_key.status) == (200, 200)


async def test_sessions_are_listed_as_active_then_as_historic(stand_in: StandIn) -> None:
    """A session is active from its start and historic from its end; a token alone is neither."""
    await stand_in.create()
    session = await stand_in.start()
    assert await _ids(stand_in, "active") == [session["session_id"]]

    await stand_in.post("/v1/sessions/stop", {"session_id": session["session_id"]})
    assert await _ids(stand_in, "active") == []
    assert await _ids(stand_in, "historic") == [session["session_id"]]


async def test_sessions_are_listed_page_by_page(stand_in: StandIn) -> None:
    """`count` is that of all sessions, `results` of the page."""
    for _ in range(3):
        await stand_in.start()
    page = (await stand_in.get("/v1/sessions?type=active&page=2&page_size=2")).data

    assert (page["count"], len(page["results"])) == (3, 1)


@pytest.mark.parametrize("query", ["", "?type=running", "?type=active&page_size=101", "?type=active&page=0"])
async def test_sessions_are_refused_with_details_when_the_query_is_invalid(stand_in: StandIn, query: str) -> None:
    """`type` is required, and a page has at most 100 sessions."""
    assert (await stand_in.get(f"/v1/sessions{query}")).status == 422


@pytest.mark.parametrize(
    "path", ["/v1/sessions?type=active", f"/v1/sessions/{UNKNOWN_ID}", f"/v1/avatars/{WAYNE_ID}", "/v1/users/credits"]
)
async def test_reading_is_refused_without_the_key(stand_in: StandIn, path: str) -> None:
    """The account's data needs its key."""
    assert (await stand_in.get(path, {})).status == 401


async def test_session_is_not_found_when_its_id_is_unknown(stand_in: StandIn) -> None:
    """The answer is 404 in the envelope."""
    assert (await stand_in.get(f"/v1/sessions/{UNKNOWN_ID}")).status == 404


async def test_public_avatars_are_listed_without_a_key(stand_in: StandIn) -> None:
    """Wayne, the sandbox's avatar, is among them."""
    answer = await stand_in.get("/v1/avatars/public", {})

    assert WAYNE_ID in [avatar["id"] for avatar in answer.data["results"]]


async def test_avatar_is_returned_or_not_found(stand_in: StandIn) -> None:
    """One avatar is found by its id."""
    assert (await stand_in.get(f"/v1/avatars/{WAYNE_ID}")).data["name"] == "Wayne"
    assert (await stand_in.get(f"/v1/avatars/{UNKNOWN_ID}")).status == 404


async def test_credits_are_a_string(serve: Serve) -> None:
    """The service sends a string too."""
    stand_in = await serve(Options(habits=Habits.fast(credits=12.5)))

    assert (await stand_in.get("/v1/users/credits")).data == {"credits_left": "12.5"}


@pytest.mark.parametrize(
    ("changes", "size"),
    [
        ({}, (1280, 720)),
        ({"video_settings": {"quality": "very_high"}}, (1920, 1080)),
        ({"video_settings": {"quality": "medium"}, "video_quality": "low"}, (854, 480)),
        ({"video_quality": "low"}, (640, 360)),
    ],
)
async def test_quality_decides_the_size_of_the_video(
    stand_in: StandIn, changes: dict[str, Any], size: tuple[int, int]
) -> None:
    """The documented place counts before the one that the official plugin uses."""
    await stand_in.start(**changes)
    invitation = stand_in.rooms[0].invitation

    assert (invitation.width, invitation.height) == size


async def test_room_is_joined_where_the_client_says(stand_in: StandIn) -> None:
    """URL and token are those of the token request."""
    await stand_in.start()

    assert stand_in.rooms[0].invitation.url == "ws://livekit.invalid"
    assert stand_in.rooms[0].invitation.token == "accepted"


async def test_room_is_joined_at_another_url_when_one_is_set(serve: Serve) -> None:
    """The LiveKit server has another address from here."""
    stand_in = await serve(Options(habits=Habits.fast(), livekit_url="ws://inside.invalid"))
    await stand_in.start()

    assert stand_in.rooms[0].invitation.url == "ws://inside.invalid"


async def test_start_gives_tokens_when_the_room_is_hosted(serve: Serve) -> None:
    """Without a `livekit_config` the service opens a room and gives tokens for it."""
    server = LiveKitServer("ws://127.0.0.1:9", "devkey", "this-is-a-local-development-secret")
    stand_in = await serve(Options(habits=Habits.fast(), livekit=server))
    session = await stand_in.start(livekit_config=None)

    assert session["livekit_url"] == server.url
    assert len({session["livekit_client_token"], session["livekit_agent_token"]}) == 2


async def test_inspection_shows_the_request_without_credentials(stand_in: StandIn) -> None:
    """The client's requests are recorded with their fields, without the token."""
    await stand_in.start(video_quality="low", max_session_duration=60)
    inspected = await stand_in.inspect()

    assert inspected["request"]["video_quality"] == "low"
    assert inspected["request"]["video_settings"] is None
    assert inspected["request"]["livekit_config"] == {"livekit_url": "ws://livekit.invalid", "livekit_room": "room"}


async def _ids(stand_in: StandIn, kind: str) -> list[str]:
    answer = await stand_in.get(f"/v1/sessions?type={kind}")
    return [item["id"] for item in answer.data["results"]]
