"""Redaction of a recording: it removes every secret, and keeps what a reader needs."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.recording.redaction import JSON, Place, digest, kept_headers, redact, redact_path, redact_text, secrets_in

SECRETS = st.text(st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZ23456789"), min_size=8, max_size=30)
WORDS = st.sampled_from(["", "ok", "Session concurrency limit reached", "talking", "u1", "x y"])
SECRET_FIELDS = st.sampled_from(
    [
        "api_key",
        "token",
        "session_token",
        "livekit_client_token",
        "openai_key",
        "secret",
        "client_secret",
        "apiKey",
        "session_id",
        "space_id",
        "livekit_room",
        "text",
        "transcript",
    ]
)
URLS = st.sampled_from(
    [
        "wss://webrtc.example/v2/session/{}",
        "wss://x.example/?key={}",
        "https://user:{}@x.example/a/b",
        "ws://127.0.0.1:7880/{}/more",
        "https://x.example#{}",
    ]
)


@st.composite
def values_with(draw: st.DrawFn, secret: str) -> JSON:
    """Draw JSON in which the secret stands only where a credential does."""
    field = st.builds(lambda name: {name: secret}, SECRET_FIELDS)
    url = st.builds(lambda url, before: {"anything": before + url.format(secret)}, URLS, st.sampled_from(["", "at "]))
    leaf = st.one_of(field, url)
    nested = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.builds(lambda value, word: {"data": value, "message": word}, inner, WORDS),
            st.builds(lambda value, word: [word, value], inner, WORDS),
        ),
        max_leaves=6,
    )
    value: JSON = draw(nested)
    return value


@given(st.data(), SECRETS, st.sampled_from(Place))
def test_no_secret_survives_in_its_own_place(data: st.DataObject, secret: str, place: Place) -> None:
    """A secret's own place is a credential's field, an id, or a URL, also within a sentence."""
    value = data.draw(values_with(secret))

    assert secret not in json.dumps(redact(value, place))


@given(st.data(), SECRETS, st.sampled_from(Place), WORDS, WORDS)
def test_no_secret_survives_in_a_later_place(
    data: st.DataObject, secret: str, place: Place, before: str, after: str
) -> None:
    """Once seen, a secret is redacted in any field, in the key of an object and in a path."""
    field = data.draw(st.sampled_from(["api_key", "session_token", "session_id", "ws_url"]))
    known = set(secrets_in({field: f"wss://x.example/{secret}" if field == "ws_url" else secret}, place))
    later: JSON = {"message": f"{before}{secret}{after}", f"{before}{secret}": [secret]}

    assert secret not in json.dumps(redact(later, place, known))
    assert secret not in redact_path(f"/v1/sessions/{secret}?a={secret}", known)
    assert secret not in redact_text(f"{before}{secret}{after}", known)


@given(st.binary(min_size=1), st.text())
def test_no_audio_survives(pcm: bytes, event_id: str) -> None:
    """A chunk becomes its length and a hash; its event id stays."""
    message: JSON = {"type": "agent.speak", "event_id": event_id, "audio": base64.b64encode(pcm).decode()}

    assert redact(message, Place.MESSAGE) == {"type": "agent.speak", "event_id": event_id, "audio": digest(pcm)}


@pytest.mark.parametrize("audio", ["not base64!", 7, ["x"], {"x": "y"}, ""])
def test_audio_of_another_form_is_replaced_too(audio: JSON) -> None:
    """Audio in an unexpected form is replaced too."""
    redacted = redact({"audio": audio}, Place.MESSAGE)

    assert isinstance(redacted, dict)
    assert set(str(redacted["audio"])) >= set("bytes")
    assert redacted["audio"] != audio


@pytest.mark.parametrize(
    ("value", "place", "redacted"),
    [
        ({"session_token": "abc"}, Place.REPLY, {"session_token": "<redacted:3>"}),
        ({"token": {"jwt": "abc"}}, Place.REPLY, {"token": "<redacted:14>"}),
        ({"token": None, "has_token": True}, Place.REPLY, {"token": None, "has_token": True}),
        ({"ws_url": "wss://x.example/abc"}, Place.SESSIONS, {"ws_url": "wss://x.example/<redacted:3>"}),
        ({"livekit_url": "wss://x.example"}, Place.SESSIONS, {"livekit_url": "wss://x.example"}),
        ({"livekit_url": "wss://x.example"}, Place.REQUEST, {"livekit_url": "<redacted:15>"}),
        ({"url": "http://x.example/"}, Place.REPLY, {"url": "http://x.example"}),
        ({"id": "s-1"}, Place.SESSIONS, {"id": "<redacted:3>"}),
        ({"id": "a-1"}, Place.REPLY, {"id": "a-1"}),
        ({"task": {"id": "t-1"}}, Place.MESSAGE, {"task": {"id": "t-1"}}),
        ({"credits_left": "12.5"}, Place.REPLY, {"credits_left": "12.5"}),
        (
            {"avatar_id": "a-1", "event_id": "u1", "source_event_id": "u2", "n": [1, 2.5, False]},
            Place.MESSAGE,
            {"avatar_id": "a-1", "event_id": "u1", "source_event_id": "u2", "n": [1, 2.5, False]},
        ),
        (
            {"error": {"message": "see https://x.example/help for more"}},
            Place.MESSAGE,
            {"error": {"message": "see https://x.example/<redacted:4> for more"}},
        ),
        (
            {"type": "user.transcription", "text": "hello"},
            Place.MESSAGE,
            {"type": "user.transcription", "text": "<redacted:5>"},
        ),
    ],
)
def test_each_kind_is_redacted_as_documented(value: JSON, place: Place, redacted: JSON) -> None:
    """Values that a reader matches by, or learns from, stay."""
    assert redact(value, place) == redacted


@pytest.mark.parametrize(
    ("path", "redacted"),
    [
        ("/v1/sessions/dd73ea75-1218-4ef3-92ce-606d5f7fbc0a", "/v1/sessions/<redacted:36>"),
        ("/v1/avatars/dd73ea7512184ef392ce606d5f7fbc0a", "/v1/avatars/<redacted:32>"),
        ("/v1/sessions?type=active&page=1", "/v1/sessions?type=active&page=1"),
        ("/v1/sessions/token", "/v1/sessions/token"),
    ],
)
def test_an_id_in_a_path_is_replaced(path: str, redacted: str) -> None:
    """The rest of the path names the endpoint."""
    assert redact_path(path) == redacted


def test_a_short_secret_is_not_looked_for_in_sentences() -> None:
    """A short secret is replaced only where it stands as a credential: elsewhere it could be an ordinary word."""
    assert redact_text("a key is a key", ["key"]) == "a key is a key"


def test_a_secret_within_another_leaves_no_remainder() -> None:
    """The longer secret is replaced first."""
    assert redact_text("abcdefghijkl", ["abcdefgh", "abcdefghijkl"]) == "<redacted:12>"


def test_only_rate_limit_headers_are_kept() -> None:
    """Cookies, for example, are credentials too."""
    headers = {"Retry-After": "2", "x-ratelimit-remaining": "3", "Set-Cookie": "la_session=1", "Date": "now"}

    assert kept_headers(headers) == {"Retry-After": "2", "x-ratelimit-remaining": "3"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    ),
    st.sampled_from(Place),
    st.lists(st.text(), max_size=3),
)
def test_nothing_breaks_the_redaction(value: Any, place: Place, known: list[str]) -> None:
    """Any value gives JSON of the same shape."""
    assert type(redact(value, place, known)) is type(value)
