"""The bodies and queries of the REST API.

Fields as in HeyGen's API reference. `video_quality` at the top level is not in it, but the official LiveKit plugin
sends it there. Unknown fields are ignored.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

Quality = Literal["very_high", "high", "medium", "low"]

EndReason = Literal[
    "UNKNOWN",
    "USER_DISCONNECTED",
    "SERVER_ERROR",
    "IDLE_TIMEOUT",
    "NO_CREDITS",
    "USER_CLOSED",
    "AVATAR_DELETED",
    "MAX_DURATION_REACHED",
    "ZOMBIE_SESSION_REAP",
    "AGENT_HANG_UP",
    "DISPATCH_FAILED",
]

_UUID = r"^[0-9a-fA-F]{8}-?([0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}$"


class VideoSettings(BaseModel):
    """`video_settings` of a token request."""

    quality: Quality = "high"
    encoding: Literal["VP8", "H264"] = "H264"


class LiveKitConfig(BaseModel):
    """`livekit_config` of a token request: the room to join; all three are required."""

    livekit_url: str
    livekit_room: str
    livekit_client_token: str = Field(repr=False)


class TokenRequest(BaseModel):
    """Body of `POST /v1/sessions/token`, LITE only."""

    mode: Literal["LITE"] = "LITE"
    avatar_id: str = Field(pattern=_UUID)
    is_sandbox: bool = False
    video_settings: VideoSettings | None = None
    video_quality: Quality | None = None
    max_session_duration: int | None = Field(default=None, gt=0)
    livekit_config: LiveKitConfig | None = None

    @property
    def quality(self) -> Quality:
        """The quality that the session gets; the documented field takes precedence."""
        if self.video_settings is not None:
            return self.video_settings.quality
        return self.video_quality or "high"


class SessionRequest(BaseModel):
    """Body of `POST /v1/sessions/stop` and `/keep-alive`."""

    session_id: str | None = None
    reason: EndReason = "UNKNOWN"


class SessionsQuery(BaseModel):
    """Query of `GET /v1/sessions`."""

    type: Literal["active", "historic"]
    page: int = Field(default=1, ge=1)
    page_size: int = Field(default=20, ge=1, le=100)
