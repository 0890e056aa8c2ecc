"""The checks of LiveAvatar: the account, the avatar, and a session that is made but not started."""

from agent.doctor import ROOM_PREFIX
from agent.doctor.finding import Check, CheckError, need
from agent.settings import Settings
from avatar import SANDBOX_AVATAR_ID, LiveAvatarAPI
from avatar.api import Room, SessionToken
from avatar.room_token import mint_room_token

# A session needs a minute of credit to start, and a LITE session uses one credit a minute ("Credits").
_LEAST_CREDITS = 1.0

# Seconds; longer than any plan allows, so that the reply shows the plan's own limit (field observations 60, 61).
_TOO_LONG_S = 24 * 3600


def avatar_checks(settings: Settings, avatar_id: str, service: LiveAvatarAPI) -> dict[str, Check]:
    """Return the checks of LiveAvatar, by name.

    Args:
        settings: The settings to check.
        avatar_id: The setting's or the persona's; empty if there is none.
        service: LiveAvatar.
    """
    return {
        "LiveAvatar credits": lambda: _credits(settings, service),
        "avatar": lambda: _avatar(settings, avatar_id, service),
        "session": lambda: _session(settings, avatar_id, service),
    }


async def _credits(settings: Settings, service: LiveAvatarAPI) -> str:
    need("LIVEAVATAR_API_KEY", settings.liveavatar.key.get_secret_value())
    credits_left = await service.credits_left()
    if credits_left < _LEAST_CREDITS and not settings.liveavatar_sandbox:
        message = f"{credits_left:g} left: buy some, or set LIVEAVATAR_SANDBOX=true"
        raise CheckError(message)
    return f"{credits_left:g} left, one a minute"


async def _avatar(settings: Settings, avatar_id: str, service: LiveAvatarAPI) -> str:
    need("LIVEAVATAR_API_KEY", settings.liveavatar.key.get_secret_value())
    need("LIVEAVATAR_AVATAR_ID", avatar_id)
    _check_sandbox(settings, avatar_id)
    avatar = await service.avatar(avatar_id)
    if avatar.is_expired:
        message = f"{avatar.name} ({avatar_id}) is expired: choose another one, and set LIVEAVATAR_AVATAR_ID"
        raise CheckError(message)
    if avatar.status not in {"", "ACTIVE"}:
        message = f"{avatar.name} ({avatar_id}) can't be used while its status is {avatar.status}"
        raise CheckError(message)
    return f"{avatar.name} ({avatar_id})"


async def _session(settings: Settings, avatar_id: str, service: LiveAvatarAPI) -> str:
    """Make a session as a call would; one that is not started costs nothing (field observation 8)."""
    need("LIVEAVATAR_API_KEY", settings.liveavatar.key.get_secret_value())
    need("LIVEAVATAR_AVATAR_ID", avatar_id)
    _check_sandbox(settings, avatar_id)
    token = await service.create_token(
        avatar_id=avatar_id,
        room=_room(settings),
        is_sandbox=settings.liveavatar_sandbox,
        video_quality=settings.liveavatar_video_quality,
        max_session_duration=_TOO_LONG_S,
    )
    return f"can be made (this one was not started); {_granted(settings, token)}"


def _granted(settings: Settings, token: SessionToken) -> str:
    length = f"{token.max_session_duration} s at most" if token.max_session_duration != _TOO_LONG_S else "of any length"
    if token.video_quality == settings.liveavatar_video_quality:
        return length
    return f"{length}; LIVEAVATAR_VIDEO_QUALITY={settings.liveavatar_video_quality} is refused, calls use high"


def _check_sandbox(settings: Settings, avatar_id: str) -> None:
    if settings.liveavatar_sandbox and avatar_id != SANDBOX_AVATAR_ID:
        message = (
            "LIVEAVATAR_SANDBOX=true has only one avatar: leave LIVEAVATAR_AVATAR_ID empty, or set it to "
            f"{SANDBOX_AVATAR_ID}; for {avatar_id} leave LIVEAVATAR_SANDBOX out"
        )
        raise CheckError(message)


def _room(settings: Settings) -> Room | None:
    """Return one of our own rooms, which no participant joins: the service only checks the token's grants."""
    if settings.room_owner != "ours":
        return None
    key, secret = settings.livekit_api_key, settings.livekit_api_secret.get_secret_value()
    need("LIVEKIT_URL", settings.livekit_url)
    need("LIVEKIT_API_KEY", key)
    need("LIVEKIT_API_SECRET", secret)
    name = f"{ROOM_PREFIX}check"
    token = mint_room_token(
        room=name, identity="avatar", name="Avatar", agent_identity="doctor", api_key=key, api_secret=secret
    )
    return Room(settings.avatars_url, name, token)
