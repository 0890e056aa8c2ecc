"""The public interface of the package."""

import inspect

import pytest
from livekit.plugins import liveavatar

import avatar


def test_the_public_names_are_exactly_these() -> None:
    """A public name can't be added or removed unnoticed."""
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
        "LiveAvatarException",
        "ServiceError",
        "ServiceTimeout",
        "SessionOver",
        "VideoQuality",
        "open_hosted_room",
    ]


@pytest.mark.parametrize("method", ["__init__", "start", "wait_for_join", "aclose"])
def test_arguments_of_the_official_plugin_are_accepted(method: str) -> None:
    """Arguments may be passed as to the official plugin, by position or by name."""
    official, ours = (
        [(each.name, each.kind) for each in inspect.signature(getattr(session, method)).parameters.values()]
        for session in (liveavatar.AvatarSession, avatar.AvatarSession)
    )

    assert [each for each in ours if each in official] == official


def test_the_official_plugins_exceptions_are_available() -> None:
    """A missing name in an `except` would fail only when the `except` is needed."""
    assert {*liveavatar.__all__} - {*avatar.__all__} == {"__version__"}
    assert issubclass(avatar.ServiceError, avatar.LiveAvatarException)
