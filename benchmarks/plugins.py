"""Both plugins, and the arguments to start them with."""

from __future__ import annotations

from livekit.plugins import liveavatar

from avatar import AvatarSession
from benchmarks.figures import Plugin

PLUGINS: dict[Plugin, type[AvatarSession | liveavatar.AvatarSession]] = {
    Plugin.OFFICIAL: liveavatar.AvatarSession,
    Plugin.OURS: AvatarSession,
}

LIVEKIT = {
    # No participant joins.
    "livekit_url": "ws://127.0.0.1:1",
    "livekit_api_key": "devkey",
    "livekit_api_secret": "a-secret-of-more-than-thirty-two-characters",
}
