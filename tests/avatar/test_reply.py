"""Replies: the data of a success, the reason of a refusal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.errors import ServiceError
from avatar.reply import Reply, read_reply

CALL = "POST /v1/sessions/token"


def read(body: object, status: int = 200, **headers: str) -> Reply:
    """Read a reply with this JSON."""
    return read_reply(CALL, status, headers, json.dumps(body).encode())


def refused(body: object, status: int = 400, **headers: str) -> ServiceError:
    """Read a refusal."""
    with pytest.raises(ServiceError) as caught:
        read(body, status, **headers)
    return caught.value


@pytest.mark.parametrize("code", [100, 1000, 200, 0, 4000, None])
def test_success_is_decided_by_the_status_alone(code: int | None) -> None:
    """The envelope's code for success differs between documents, SDK and recordings (14)."""
    assert read({"code": code, "data": {"session_id": "s-1"}}).text("session_id") == "s-1"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        # 6: only the entries of the list give the reason.
        (
            {
                "code": 4000,
                "message": "Errors validating session token",
                "data": [{"loc": ["body", "avatar_id"], "message": "Avatar not found", "params": {}}],
            },
            "avatar_id: Avatar not found",
        ),
        (
            {
                "code": 4000,
                "message": "Errors",
                "data": [{"loc": None, "message": "Context not found"}, {"message": "B"}],
            },
            "Context not found; B",
        ),
        ({"code": 4000, "message": "Errors", "data": [{"loc": "context_id", "message": "No"}]}, "context_id: No"),
        # 7: FastAPI's form.
        (
            {"detail": [{"loc": ["body", "voice_settings", "speed"], "msg": "less than or equal to 1.2", "type": "x"}]},
            "voice_settings.speed: less than or equal to 1.2",
        ),
        ({"detail": "Not Found"}, "Not Found"),
        ({"code": 4000, "message": "Plain", "data": None}, "Plain"),
        ({"code": 4000, "message": "Plain", "data": []}, "Plain"),
        ({"code": 4000, "message": "Plain", "data": ["nonsense", {"loc": ["x"]}]}, "Plain"),
        ({"error": "Bad gateway"}, "Bad gateway"),
        ({"message": 7}, ""),
    ],
)
def test_a_refusal_gives_its_most_specific_reason(body: object, reason: str) -> None:
    """The reason includes the field that it is about."""
    assert refused(body).body == reason


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>blocked</html>", "an HTML page, not an answer of the API"),
        (b"oops", "oops"),
        (b"", ""),
        (b"[1]", "[1]"),
    ],
)
def test_a_refusal_of_a_proxy_is_reported_as_it_is(content: bytes, reason: str) -> None:
    """A proxy in between has its own form of answers."""
    with pytest.raises(ServiceError) as caught:
        read_reply(CALL, 403, {}, content)

    assert caught.value.body == reason


def test_secrets_of_the_request_are_redacted() -> None:
    """Keys and URLs are removed from the service's message."""
    with pytest.raises(ServiceError) as caught:
        read_reply(
            CALL, 401, {}, b'{"message": "no key sk-123456789 at wss://x.example/abc"}', secrets=["sk-123456789"]
        )

    assert caught.value.body == "no key <redacted:12> at wss://x.example/<redacted:3>"


@pytest.mark.parametrize(
    ("value", "seconds"), [("2", 2.0), ("0.5", 0.5), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("-1", None)]
)
def test_retry_after_is_read_in_seconds(value: str, seconds: float | None) -> None:
    """A date is not read: the call is then repeated with the usual waits."""
    assert refused({"message": "slow"}, 429, **{"Retry-After": value}).retry_after == seconds


@pytest.mark.parametrize(("value", "number"), [("12.50", 12.5), (10.0, 10.0), (7, 7.0)])
def test_credits_may_be_a_text_or_a_number(value: object, number: float) -> None:
    """The service was observed to send both (18)."""
    assert read({"data": {"credits_left": value}}).decimal("credits_left") == number


@pytest.mark.parametrize("value", ["many", "", "nan", "inf", None, True, [1]])
def test_credits_that_are_not_a_number_are_missing(value: object) -> None:
    """A balance that can't be read is an error of the service."""
    with pytest.raises(ServiceError, match="no credits_left"):
        read({"data": {"credits_left": value}}).decimal("credits_left")


def test_only_the_objects_of_a_list_are_read() -> None:
    """Other elements are left out."""
    rows = read({"data": {"results": [{"id": "a"}, 7, None, {"id": "b"}]}}).items("results")

    assert [row.text("id") for row in rows] == ["a", "b"]


@given(
    st.integers(100, 599),
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["data", "detail", "message", "code", "loc", "msg", "error", "x"]), inner, max_size=4
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
)
def test_no_reply_breaks_the_reader(status: int, content: bytes) -> None:
    """Any reply gives data, or an error of the service with its status."""
    outcome: Reply | ServiceError
    try:
        outcome = read_reply(CALL, status, {}, content)
    except ServiceError as error:
        outcome = error

    assert isinstance(outcome, Reply) == (status < 400)
