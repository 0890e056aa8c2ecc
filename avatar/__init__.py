"""LiveAvatar as the face of a LiveKit agent: `from avatar import AvatarSession`.

It takes the place of `livekit.plugins.liveavatar`, and knows what was heard: the unplayed speech is kept on a timeline
with a playback clock, so an interruption reports the played position, a pause resumes, and a lost connection goes on.
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

# The name that programs catch which were written for the official plugin.
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
