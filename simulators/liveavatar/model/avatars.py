"""The avatars that the stand-in knows."""

from __future__ import annotations

# The only avatar of the sandbox (HeyGen's sandbox page).
WAYNE_ID = "dd73ea75-1218-4ef3-92ce-606d5f7fbc0a"

# The stand-in's own avatars, for sessions outside the sandbox.
DRAWN_FACE_ID = "00000000-0000-4000-8000-000000000001"
EXPIRED_ID = "00000000-0000-4000-8000-000000000002"


def _avatar(avatar_id: str, name: str, *, is_expired: bool = False) -> dict[str, object]:
    return {
        "id": avatar_id,
        "space_id": None,
        "type": "VIDEO",
        "status": "ACTIVE",
        "name": name,
        "preview_url": None,
        "is_expired": is_expired,
        "default_voice": None,
        "is_1080p": True,
        "created_at": "2026-01-01T00:00:00Z",
        "updated_at": "2026-01-01T00:00:00Z",
        "error_message": None,
    }


PUBLIC_AVATARS = {
    WAYNE_ID: _avatar(WAYNE_ID, "Wayne"),
    DRAWN_FACE_ID: _avatar(DRAWN_FACE_ID, "Drawn face"),
    EXPIRED_ID: _avatar(EXPIRED_ID, "Expired face", is_expired=True),
}
