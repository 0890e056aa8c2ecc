"""The request for a session, and the plan's limits as refusals have shown them. Pure."""

import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal

# 1080p, 720p, 480p, 360p ("Configuration").
VideoQuality = Literal["very_high", "high", "medium", "low"]

_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_NAMES_DURATION = re.compile("max_session_duration|session duration", re.IGNORECASE)

# The service refuses `very_high` below the Business plan (field observation 72). Its exact words are not recorded, so
# any refusal that names the quality counts.
_NAMES_QUALITY = re.compile(r"quality|1080|very[ _-]?high|resolution", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Room:
    """The LiveKit room that the avatar joins, with a token minted for it."""

    url: str
    name: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """The request for a session token.

    Attributes:
        avatar_id: Id of the avatar at the service.
        room: Your LiveKit room; None for one that the service opens.
        is_sandbox: Free of charge, one minute at most, one avatar.
        video_quality: None for the service's default, `high`.
        max_session_duration: Seconds; None for the plan's limit.
    """

    avatar_id: str
    room: Room | None = None
    is_sandbox: bool = False
    video_quality: VideoQuality | None = None
    max_session_duration: int | None = None

    def to_body(self) -> dict[str, Any]:
        """Return the body of `POST /v1/sessions/token`."""
        body: dict[str, Any] = {"mode": "LITE", "avatar_id": self.avatar_id, "is_sandbox": self.is_sandbox}
        if self.room is not None:
            body["livekit_config"] = {
                "livekit_url": self.room.url,
                "livekit_room": self.room.name,
                "livekit_client_token": self.room.token,
            }
        if self.video_quality is not None:
            body["video_settings"] = {"quality": self.video_quality, "encoding": "H264"}
        if self.max_session_duration is not None:
            body["max_session_duration"] = self.max_session_duration
        return body


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """The limits of an account's plan, as far as refusals have shown them.

    Attributes:
        max_session_duration: Seconds; None as long as no request was above it.
        has_1080p: False once `very_high` was refused.
    """

    max_session_duration: int | None = None
    has_1080p: bool = True

    def fit(self, request: TokenRequest) -> TokenRequest:
        """Return the request, with values that would be refused replaced by the most that is allowed."""
        asked, cap = request.max_session_duration, self.max_session_duration
        if asked is not None and cap is not None:
            request = replace(request, max_session_duration=min(asked, cap))
        if request.video_quality == "very_high" and not self.has_1080p:
            request = replace(request, video_quality="high")
        return request

    def learn(self, request: TokenRequest, reason: str) -> "PlanLimits | None":
        """Learn the plan's limits from a refusal.

        Args:
            request: The request that was refused.
            reason: The words of the refusal.

        Returns:
            The updated limits; None if the refusal says nothing that would change the request.
        """
        cap = _cap(request.max_session_duration, reason)
        if cap is not None:
            return replace(self, max_session_duration=cap)
        if request.video_quality == "very_high" and _NAMES_QUALITY.search(reason):
            return replace(self, has_1080p=False)
        return None


def _cap(asked: int | None, reason: str) -> int | None:
    """Find the longest duration that is allowed: "max_session_duration (600s) exceeds the maximum allowed (60s)" (60).

    It is the largest number in the refusal that is below the requested duration.
    """
    if asked is None or not _NAMES_DURATION.search(reason):
        return None
    numbers = (int(float(number)) for number in _NUMBER.findall(reason))
    return max((number for number in numbers if 0 < number < asked), default=None)
