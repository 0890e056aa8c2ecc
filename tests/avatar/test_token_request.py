"""Requests for a session: their fields, and what is learned from refusals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from avatar.token_request import PlanLimits, Room, TokenRequest, VideoQuality

TOO_LONG = "max_session_duration ({asked}s) exceeds the maximum allowed ({cap}s)"


def test_only_set_fields_are_in_the_body() -> None:
    """The service's defaults apply to the others."""
    assert TokenRequest("a").to_body() == {"mode": "LITE", "avatar_id": "a", "is_sandbox": False}


def test_all_set_fields_are_in_the_body() -> None:
    """The room, the quality and the duration are where the service's reference has them."""
    request = TokenRequest(
        "a", Room("wss://x", "a-room", "jwt"), is_sandbox=True, video_quality="low", max_session_duration=60
    )

    assert request.to_body() == {
        "mode": "LITE",
        "avatar_id": "a",
        "is_sandbox": True,
        "livekit_config": {"livekit_url": "wss://x", "livekit_room": "a-room", "livekit_client_token": "jwt"},
        "video_settings": {"quality": "low", "encoding": "H264"},
        "max_session_duration": 60,
    }


@pytest.mark.parametrize(
    ("reason", "cap"),
    [
        ("max_session_duration (600s) exceeds the maximum allowed (60s)", 60),
        ("max_session_duration: Input should be less than or equal to 300", 300),
        ("max_session_duration must be between 30 and 300 seconds", 300),
        ("max_session_duration exceeds the maximum allowed (120.0s)", 120),
        ("max_session_duration exceeds the maximum allowed", None),
        ("max_session_duration: Input should be greater than or equal to 900", None),
        ("Avatar not found, 60 others are", None),
    ],
)
def test_the_limit_is_the_number_in_the_refusal(reason: str, cap: int | None) -> None:
    """A refusal without a number below the requested duration gives no limit."""
    learned = PlanLimits().learn(TokenRequest("a", max_session_duration=600), reason)

    assert (learned and learned.max_session_duration) == cap


@given(st.integers(2, 10_000), st.data())
def test_the_second_request_is_within_the_limit(asked: int, data: st.DataObject) -> None:
    """For any numbers, the amended request asks for exactly the limit, and is not refused again."""
    cap = data.draw(st.integers(1, asked - 1))
    request, reason = TokenRequest("a", max_session_duration=asked), TOO_LONG.format(asked=asked, cap=cap)
    learned = PlanLimits().learn(request, reason)
    assert learned is not None
    amended = learned.fit(request)

    assert amended.max_session_duration == cap
    assert learned.learn(amended, reason) is None


@pytest.mark.parametrize(
    "reason",
    ["very_high is not in your plan", "1080p is a Business feature", "video_settings.quality: no", "resolution"],
)
def test_a_refused_1080p_becomes_720p(reason: str) -> None:
    """The wording of that refusal is not recorded: any that names the quality counts (72)."""
    request = TokenRequest("a", video_quality="very_high")
    learned = PlanLimits().learn(request, reason)
    assert learned is not None

    assert learned.fit(request).video_quality == "high"
    assert learned.learn(learned.fit(request), reason) is None


@pytest.mark.parametrize("quality", ["high", "medium", "low", None])
def test_another_quality_is_not_replaced(quality: VideoQuality | None) -> None:
    """A quality below 1080p has no fallback."""
    request = TokenRequest("a", video_quality=quality)

    assert PlanLimits().learn(request, "quality not supported") is None
    assert PlanLimits(has_1080p=False).fit(request) == request


def test_a_request_without_a_duration_is_unchanged() -> None:
    """A known limit is not imposed on it."""
    assert PlanLimits(max_session_duration=60).fit(TokenRequest("a")).max_session_duration is None


def test_a_request_below_the_limit_is_unchanged() -> None:
    """Only a larger duration is replaced."""
    assert (
        PlanLimits(max_session_duration=60).fit(TokenRequest("a", max_session_duration=30)).max_session_duration == 30
    )
