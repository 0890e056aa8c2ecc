"""The public face of the package."""

import inspect

import pytest
from livekit.plugins import liveavatar

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
        "LiveAvatarException",
        "ServiceError",
        "ServiceTimeout",
        "SessionOver",
        "VideoQuality",
        "open_hosted_room",
    ]


@pytest.mark.parametrize("method", ["__init__", "start", "wait_for_join", "aclose"])
def test_an_agent_program_changes_its_import_alone(method: str) -> None:
    """What may be passed to the official plugin may be passed here, by position or by name."""
    official, ours = (
        [(each.name, each.kind) for each in inspect.signature(getattr(session, method)).parameters.values()]
        for session in (liveavatar.AvatarSession, avatar.AvatarSession)
    )

    assert [each for each in ours if each in official] == official


def test_an_agent_program_catches_what_it_caught_before() -> None:
    """By the official plugin's name: an `except` without it would fail only when it is needed."""
    assert {*liveavatar.__all__} - {*avatar.__all__} == {"__version__"}
    assert issubclass(avatar.ServiceError, avatar.LiveAvatarException)
