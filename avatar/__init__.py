"""LiveAvatar as the face of a LiveKit agent: `from avatar import AvatarSession`.

It replaces `livekit.plugins.liveavatar` and tracks what the caller has heard: unplayed speech is kept on a timeline
with a playback clock. So an interruption reports the played position, a pause can be resumed, and speech continues
after a lost connection.
"""

from avatar.api import SANDBOX_AVATAR_ID, LiveAvatarAPI, VideoQuality
from avatar.audio_output import AvatarAudioOutput
from avatar.core import AvatarReason, AvatarStatus
from avatar.errors import (
    AuthError,
    AvatarError,
    CapacityError,
    ConfigurationError,
    ConnectionLost,
    ServiceError,
    ServiceTimeout,
    SessionOver,
)
from avatar.session import AvatarSession
from avatar.sessions.hosted import HostedRoom, open_hosted_room

# Programs that were written for the official plugin catch this name.
LiveAvatarException = AvatarError

__all__ = [
    "SANDBOX_AVATAR_ID",
    "AuthError",
    "AvatarAudioOutput",
    "AvatarError",
    "AvatarReason",
    "AvatarSession",
    "AvatarStatus",
    "CapacityError",
    "ConfigurationError",
    "ConnectionLost",
    "HostedRoom",
    "LiveAvatarAPI",
    "LiveAvatarException",
    "ServiceError",
    "ServiceTimeout",
    "SessionOver",
    "VideoQuality",
    "open_hosted_room",
]
