"""The REST API as observed: each habit, and the behaviour without it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from simulators.liveavatar.model import DRAWN_FACE_ID, EXPIRED_ID, WAYNE_ID, Habits, Replied
from tests.simulators.liveavatar.model.client import KEY, Client, bearer, room_token, token_request

if TYPE_CHECKING:
    from collections.abc import Mapping

SANDBOX = {"avatar_id": WAYNE_ID, "is_sandbox": True}


def asked_for(changes: Mapping[str, object], **habits: Any) -> Any:
    """Return the answer to a token call."""
    return Client(Habits(**habits)).call("POST", "/v1/sessions/token", token_request(**changes))


def with_room(**grants: object) -> dict[str, object]:
    """Return a room whose token has other grants."""
    room = {"livekit_url": "wss://x", "livekit_room": "r", "livekit_client_token": room_token(**grants)}
    return {"livekit_config": room}


def test_calls_take_their_time() -> None:
    """A start takes seconds, and takes effect before it is answered (facts 1 to 3)."""
    client = Client()
    session = client.start()
    client.stop(session)
    instants = [at for at, happening in client.happened if isinstance(happening, Replied)]

    assert instants == pytest.approx([0.6, 0.6 + 2.5, 3.1 + 0.3], abs=0.06)
    assert client.session(session).started_at == pytest.approx(0.6 + 1.25, abs=0.06)


def test_start_takes_effect_before_its_answer() -> None:
    """A slow start is billed before its answer comes."""
    client = Client(Habits(start_takes=15.0))
    created = client.create()
    client.ask("POST", "/v1/sessions/start", headers=bearer(created["session_token"]))
    client.wait(10.0)

    assert client.session(created).is_running
    assert client.session(created).billed_seconds(client.now) == pytest.approx(2.5)


@pytest.mark.parametrize("grant", ["roomJoin", "canPublish", "canSubscribe", "canPublishData"])
def test_room_token_must_grant_everything(grant: str) -> None:
    """The refusal names the first missing grant (facts 21, 22)."""
    answer = asked_for(with_room(**{grant: False}))

    assert answer.status == 422
    assert answer.body["message"] == (
        f"Bad LiveKit configuration. Input Livekit token needs to grant {grant} permission."
    )
    assert asked_for(with_room(**{grant: False}), checks_grants="no").status == 200


def test_room_token_is_refused_at_the_start_when_so_set() -> None:
    """The service did so in November 2025 (fact 21)."""
    client = Client(Habits(checks_grants="start"))
    created = client.create(**with_room(canPublishData=False))
    answer = client.call("POST", "/v1/sessions/start", headers=bearer(created["session_token"]))

    assert answer.status == 500
    assert not client.session(created).is_running


@pytest.mark.parametrize(
    ("changes", "reason", "kind"),
    [
        (
            {"max_session_duration": 1201},
            "max_session_duration (1201s) exceeds the maximum allowed (1200s)",
            {"max_duration": 1300},
        ),
        (
            {**SANDBOX, "max_session_duration": 600},
            "max_session_duration (600s) exceeds the maximum allowed (60s)",
            {"sandbox_max_duration": 600},
        ),
        (
            {"video_settings": {"quality": "very_high"}},
            "Video quality very_high is not available on your plan",
            {"allows_very_high": True},
        ),
        (
            {"avatar_id": DRAWN_FACE_ID, "is_sandbox": True},
            "This avatar is not supported in sandbox mode",
            {"sandbox_refuses_avatars": False},
        ),
        ({"avatar_id": EXPIRED_ID}, "Avatar is expired", {"refuses_expired_avatars": False}),
    ],
)
def test_refusal_has_its_reason_in_data(changes: dict[str, object], reason: str, kind: dict[str, Any]) -> None:
    """The envelope's own message has no reason (fact 6), unless so set; each refusal can be turned off."""
    answer = asked_for(changes)

    assert (answer.status, answer.body["code"], answer.body["message"]) == (
        400,
        4000,
        "Errors validating session token",
    )
    assert [entry["message"] for entry in answer.body["data"]] == [reason]
    assert set(answer.body["data"][0]) == {"loc", "message", "params"}
    plain = asked_for(changes, reasons_in_data=False)
    assert (plain.body["data"], plain.body["message"]) == (None, reason)
    assert asked_for(changes, **kind).status == 200


def test_sandbox_replaces_another_avatar_when_so_set() -> None:
    """One warning reports the replacement (fact 73)."""
    client = Client(Habits(sandbox_refuses_avatars=False))
    session = client.create(avatar_id=DRAWN_FACE_ID, is_sandbox=True)

    assert client.session(session).request.avatar_id == WAYNE_ID


def test_avatar_id_needs_dashes() -> None:
    """HeyGen's panel shows it without them (fact 20)."""
    bare = WAYNE_ID.replace("-", "")

    assert asked_for({"avatar_id": bare}).status == 422
    assert asked_for({"avatar_id": bare}, avatar_ids_need_dashes=False).status == 400  # unknown, but read


def test_unknown_fields_of_a_request_are_ignored() -> None:
    """The official plugin sends some undocumented ones."""
    assert asked_for({"surprise": 1, "video_quality": "low"}).status == 200


@pytest.mark.parametrize(("habits", "left"), [({}, "12.5"), ({"credits_as_text": False}, 12.5)])
def test_credits_are_a_string_or_a_number(habits: dict[str, Any], left: object) -> None:
    """A string with decimals was observed (fact 18)."""
    client = Client(Habits(credits=12.5, **habits))

    assert client.call("GET", "/v1/users/credits").body["data"] == {"credits_left": left}


@pytest.mark.parametrize("code", [100, 1000])
def test_success_code_is_one_of_two(code: int) -> None:
    """The documentation has one, the SDK the other (fact 14)."""
    assert asked_for({}, success_code=code).body["code"] == code


def test_starts_fail_as_often_as_is_set() -> None:
    """The failed starts are answered with an error and start nothing (fact 3)."""
    client = Client(Habits(failing_starts=(500, 503)))
    created = client.create()
    answers = [client.call("POST", "/v1/sessions/start", headers=bearer(created["session_token"])) for _ in range(3)]

    assert [answer.status for answer in answers] == [500, 503, 201]


@pytest.mark.parametrize(
    ("with_token", "status", "kind"),
    [(False, 400, {}), (True, 401, {}), (False, 200, {"keep_alive_of_ended_fails": False})],
)
def test_keep_alive_of_an_ended_session_fails(with_token: bool, status: int, kind: dict[str, Any]) -> None:
    """The status is 400 with the key, 401 with the token of that session (fact 11)."""
    client = Client(Habits(**kind))
    session = client.start()
    client.stop(session)
    headers = bearer(session["session_token"]) if with_token else KEY
    body = {"session_id": session["session_id"]}

    assert client.call("POST", "/v1/sessions/keep-alive", body, headers).status == status


def test_keep_alive_with_the_key_needs_the_session_id() -> None:
    """With the session's token an empty body is enough (fact 10)."""
    client = Client()
    session = client.start()

    assert client.call("POST", "/v1/sessions/keep-alive", {}).status == 400
    assert client.call("POST", "/v1/sessions/keep-alive", {}, bearer(session["session_token"])).status == 200
    assert Client(Habits(keep_alive_needs_id=False)).call("POST", "/v1/sessions/keep-alive", {}).status == 200


@pytest.mark.parametrize("status", [404, 200, 400])
def test_stop_of_an_ended_session_has_the_status_that_is_set(status: int) -> None:
    """The status is an option, because it was not observed (fact 12)."""
    client = Client(Habits(stop_of_ended=status))
    session = client.start()
    first, second = client.stop(session, "USER_CLOSED"), client.stop(session, "SERVER_ERROR")

    assert (first.status, second.status) == (200, status)
    assert client.session(session).end_reason == "USER_CLOSED"


@pytest.mark.parametrize("cancels", [True, False])
def test_stop_may_come_before_the_start_took_effect(cancels: bool) -> None:
    """An early stop prevents the start, or is refused and the session runs."""
    client = Client(Habits(stop_cancels_start=cancels))
    created = client.create()
    starting = client.ask("POST", "/v1/sessions/start", headers=bearer(created["session_token"]))
    stopped = client.stop(created)
    client.wait(5.0)

    assert stopped.status == (200 if cancels else 404)
    assert client.reply(starting).status == (400 if cancels else 201)
    assert client.session(created).is_running is not cancels


def test_stop_takes_every_reason_of_the_enumeration_and_no_other() -> None:
    """The reasons are those of the documentation (fact 13)."""
    client = Client()

    assert client.stop(client.start(), "AGENT_HANG_UP").status == 200
    assert client.stop(client.start(), "BOREDOM").status == 422


def test_active_sessions_have_the_fields_that_clients_read() -> None:
    """Clients read `id`, `created_at`, `duration`; later `end_at`, `end_reason`, `credits_consumed` (fact 17)."""
    client = Client()
    session = client.start()
    active = client.call("GET", "/v1/sessions?type=active").body["data"]["results"][0]
    client.stop(session)
    historic = client.call("GET", "/v1/sessions?type=historic").body["data"]["results"][0]

    assert {"id", "created_at", "duration"} <= set(active)
    assert {"end_at", "end_reason", "credits_consumed"} <= set(historic)
    assert active["created_at"].startswith("2026-01-01T00:00:00")


def test_hosted_session_gets_a_room() -> None:
    """Without `livekit_config` the service opens one (facts 81 to 84)."""
    client = Client()
    session = client.start(livekit_config=None)
    client.wait(2.0)

    assert {"livekit_url", "livekit_client_token", "livekit_agent_token", "ws_url"} <= set(session)
    assert client.session(session).identity == "heygen"
