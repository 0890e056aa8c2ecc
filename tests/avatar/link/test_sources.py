"""Sources of sessions: each asks the service only for what it needs."""

import asyncio
from typing import Any, cast

import jwt
import pytest

from avatar import LiveAvatarAPI, SessionOver
from avatar.link.sources import Appearance, HostedSource, OwnRoomSource, RoomAccess
from avatar.sessions.hosted import HostedRoom
from simulators.liveavatar.model import DRAWN_FACE_ID, WAYNE_ID, Habits, ServiceModel
from tests.avatar.model_http import URL, ModelHttp

pytestmark = pytest.mark.looptime

SECRET = "a-secret-of-more-than-thirty-two-characters"
ACCESS = RoomAccess("wss://rooms.example", "a-room", "the-agent", "devkey", SECRET)


def service(habits: Habits | None = None) -> tuple[ModelHttp, LiveAvatarAPI]:
    """Return the model of the service, and a client of it."""
    model = ServiceModel(habits or Habits(), now=asyncio.get_running_loop().time())
    http = ModelHttp(model, lambda _: None)
    return http, LiveAvatarAPI(cast("Any", http), api_key="stand-in", api_url=URL)


def source(api: LiveAvatarAPI, **appearance: Any) -> OwnRoomSource:
    """Return a source of sessions for a room of ours."""
    options: dict[str, Any] = {"avatar_id": DRAWN_FACE_ID, "identity": "face", "name": "Ann", **appearance}
    return OwnRoomSource(api, ACCESS, Appearance(**options))


async def test_an_avatar_gets_a_token_of_its_own_for_our_room() -> None:
    """The participant has the machine's identity, and publishes on behalf of the agent."""
    http, api = service()
    await source(api).prepare("face-2", DRAWN_FACE_ID)

    [(_, _, body)] = http.calls
    room = body["livekit_config"]
    claims = jwt.decode(room["livekit_client_token"], SECRET, algorithms=["HS256"])
    assert (room["livekit_url"], room["livekit_room"]) == ("wss://rooms.example", "a-room")
    assert (claims["sub"], claims["name"]) == ("face-2", "Ann")
    assert claims["attributes"] == {"lk.publish_on_behalf": "the-agent"}
    assert claims["video"]["room"] == "a-room"


async def test_each_avatar_has_its_own_name_and_is_asked_for_by_its_id() -> None:
    """The first avatar has the call's name."""
    http, api = service()
    sessions = source(api)
    sessions.names[WAYNE_ID] = "Wayne"
    for avatar_id in (DRAWN_FACE_ID, WAYNE_ID):
        await sessions.prepare("face", avatar_id)
    tokens = [body["livekit_config"]["livekit_client_token"] for _, _, body in http.calls]

    assert [body["avatar_id"] for _, _, body in http.calls] == [DRAWN_FACE_ID, WAYNE_ID]
    assert [jwt.decode(token, SECRET, algorithms=["HS256"])["name"] for token in tokens] == ["Ann", "Wayne"]


async def test_a_session_is_billed_from_its_start_to_its_stop() -> None:
    """Preparing a session is free, so it may be given up before its start."""
    http, api = service()
    sessions = source(api, max_session_duration=300)
    session_id = await sessions.prepare("face", DRAWN_FACE_ID)
    assert http.model.running(http.now) == []

    running = await sessions.start(session_id)
    assert [session.id for session in http.model.running(http.now)] == [session_id]
    assert running.session_id == session_id
    assert running.ws_url
    assert running.max_duration == 300
    assert running.already_ran == 0.0

    await sessions.stop(session_id)
    assert http.model.running(http.now) == []


async def test_several_sessions_follow_one_another() -> None:
    """A call may need several sessions, and each start uses its own token."""
    _, api = service()
    sessions = source(api)
    first, second = await sessions.prepare("face", DRAWN_FACE_ID), await sessions.prepare("face-2", DRAWN_FACE_ID)

    assert (await sessions.start(second)).session_id == second
    assert (await sessions.start(first)).session_id == first


async def test_a_sandbox_session_is_short_whatever_the_service_says() -> None:
    """The service answers with the plan's limit, and ends the session after a minute (field observation 38)."""
    _, api = service()
    sessions = source(api, avatar_id=WAYNE_ID, is_sandbox=True)
    running = await sessions.start(await sessions.prepare("face", WAYNE_ID))

    assert running.max_duration is not None
    assert running.max_duration <= 60.0


def hosted(api: LiveAvatarAPI, session_id: str, *, now: float) -> HostedSource:
    """Return the session of a hosted room that was opened at 1,000 s of Unix time."""
    room = HostedRoom(session_id, "wss://x", "wss://theirs", "a-room", "jwt", "caller", "jwt", "agent", 1_000.0, 600.0)
    return HostedSource(api, room, clock=lambda: now)


async def test_the_session_of_a_hosted_room_runs_already() -> None:
    """A hosted room's session is not started again, and its seconds so far count."""
    http, api = service()
    sessions = hosted(api, "s-1", now=1_012.5)
    running = await sessions.start(await sessions.prepare("face", DRAWN_FACE_ID))

    assert (running.session_id, running.ws_url, running.max_duration) == ("s-1", "wss://x", 600.0)
    assert running.already_ran == 12.5
    assert http.calls == []


async def test_a_session_age_is_never_negative() -> None:
    """A journal entry of another process keeps its age when the clock was set back."""
    _, api = service()

    assert (await hosted(api, "s-1", now=900.0).start("s-1")).already_ran == 0.0


async def test_a_hosted_room_has_one_session() -> None:
    """A further session would be in another room."""
    _, api = service()
    sessions = hosted(api, "s-1", now=1_000.0)
    await sessions.prepare("face", DRAWN_FACE_ID)

    with pytest.raises(SessionOver):
        await sessions.prepare("face-2", DRAWN_FACE_ID)


async def test_a_hosted_session_is_stopped_at_the_service() -> None:
    """Stopping a hosted session, which ends its room, is a request to the service."""
    http, api = service(Habits(stop_of_ended=200))
    sessions = hosted(api, "s-1", now=1_000.0)
    await sessions.stop("s-1")

    assert [(name, body["session_id"]) for _, name, body in http.calls] == [("stop", "s-1")]
