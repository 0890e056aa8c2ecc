"""The meaning of refusals: the message counts before the code, the code before the status. Numbers are observations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.core.refusal import Refusal
from avatar.refusals import judge

SEEN = [
    # 62: the same refusal with two codes, and with none.
    (403, 4032, "Session concurrency limit reached", Refusal.NO_SLOT, "end another session"),
    (403, 4003, "Session concurrency limit reached", Refusal.NO_SLOT, "end another session"),
    (403, 4003, "", Refusal.NO_SLOT, "end another session"),
    (403, None, "Session concurrency limit reached", Refusal.NO_SLOT, "end another session"),
    (429, None, "Session concurrency limit reached", Refusal.NO_SLOT, "end another session"),
    # 64
    (403, 4033, "", Refusal.NO_CREDITS, "buy credits"),
    (403, None, "Insufficient credits", Refusal.NO_CREDITS, "buy credits"),
    (402, None, "pay", Refusal.NO_CREDITS, "buy credits"),
    # 68
    (429, None, "", Refusal.RATE_LIMITED, "too many calls"),
    # 21, 22
    (
        422,
        None,
        "Bad LiveKit configuration. Input Livekit token needs to grant canPublishData permission.",
        Refusal.INVALID,
        "lacks the grant canPublishData",
    ),
    (
        422,
        None,
        "Input Livekit token needs to grant canSubscribe permission",
        Refusal.INVALID,
        "the grant canSubscribe",
    ),
    (422, None, "livekit_config.livekit_url: Field required", Refusal.INVALID, "check LIVEKIT_URL"),
    # 73, 74
    (400, 4000, "avatar_id: This avatar is not supported in sandbox mode", Refusal.INVALID, "turn the sandbox off"),
    (400, 4000, "Avatar is expired", Refusal.INVALID, "choose another avatar"),
    # 60, 72
    (400, 4000, "max_session_duration (600s) exceeds the maximum allowed (60s)", Refusal.INVALID, "lower max_session"),
    (400, 4000, "video_settings.quality: not in your plan", Refusal.INVALID, "lower LIVEAVATAR_VIDEO_QUALITY"),
    # 20
    (422, None, "avatar_id: Input should be a valid UUID", Refusal.INVALID, "check LIVEAVATAR_AVATAR_ID"),
    (404, None, "Avatar not found", Refusal.INVALID, "check LIVEAVATAR_AVATAR_ID"),
    # 19
    (400, 4001, "", Refusal.UNAUTHORIZED, "check LIVEAVATAR_API_KEY"),
    (401, None, "Invalid API key", Refusal.UNAUTHORIZED, "check LIVEAVATAR_API_KEY"),
    (403, 1, "Forbidden", Refusal.UNAUTHORIZED, "check LIVEAVATAR_API_KEY"),
    # 5
    (403, None, "an HTML page, not an answer of the API", Refusal.INVALID, "proxy or a firewall"),
    # Nothing is known about these.
    (405, None, "", Refusal.INVALID, ""),
    (422, None, "", Refusal.INVALID, ""),
]


@pytest.mark.parametrize(("status", "code", "words", "refusal", "advice"), SEEN)
def test_each_observed_refusal_is_understood(
    status: int, code: int | None, words: str, refusal: Refusal, advice: str
) -> None:
    """The kind of a refusal decides what the program does; the advice says what a person can do."""
    judgement = judge(status, code, words)

    assert judgement.refusal is refusal
    assert advice in judgement.advice


@pytest.mark.parametrize("grant", ["canPublishData", "canSubscribe", "canPublish", "roomJoin"])
def test_a_missing_grant_is_not_blamed_on_the_avatar_id(grant: str) -> None:
    """The advice is only about the room token."""
    advice = judge(422, 4000, f"Input Livekit token needs to grant {grant} permission").advice

    assert grant in advice
    assert "AVATAR_ID" not in advice


@given(st.integers(100, 399) | st.integers(500, 599) | st.just(408), st.none() | st.integers(), st.text())
def test_a_service_that_is_down_is_not_a_refusal(status: int, code: int | None, words: str) -> None:
    """An error of the service, or a torn reply, says nothing about the request."""
    assert judge(status, code, words).refusal is Refusal.UNREACHABLE


@given(st.integers(400, 499), st.none() | st.integers(), st.text())
def test_every_refusal_has_a_kind(status: int, code: int | None, words: str) -> None:
    """There is a decision for any answer of the service."""
    assert isinstance(judge(status, code, words).refusal, Refusal)
