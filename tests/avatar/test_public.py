"""The public face of the package."""

import avatar


def test_public_names_are_what_they_are() -> None:
    """A name that others import does not go or come unnoticed."""
    assert avatar.__all__ == [
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
        "ServiceError",
        "ServiceTimeout",
        "SessionOver",
        "VideoQuality",
        "open_hosted_room",
    ]
