"""The public face of the package."""

import avatar
from avatar.backoff import reconnect_delays


def test_public_names_are_what_they_are() -> None:
    """A name that others import does not go or come unnoticed."""
    assert avatar.__all__ == [
        "SANDBOX_AVATAR_ID",
        "AuthError",
        "AvatarAudioOutput",
        "AvatarError",
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


def test_reconnects_wait_longer_each_time_and_come_to_an_end() -> None:
    """At once first, then doubled up to 8 s, then never again."""
    assert list(reconnect_delays(iter([1.0] * 7))) == [0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0]
    assert list(reconnect_delays(iter([0.0] * 7))) == [0.0, 0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 4.0]
