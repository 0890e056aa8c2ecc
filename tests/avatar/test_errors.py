"""The errors: their class, kind and message."""

import pytest

from avatar.core.refusal import Refusal
from avatar.errors import (
    AuthError,
    AvatarError,
    CapacityError,
    ConfigurationError,
    ConnectionLost,
    ServiceError,
    ServiceTimeout,
    SessionOver,
    service_error,
)

CALL = "POST /v1/sessions/token"


@pytest.mark.parametrize(
    ("error", "refusal", "retryable"),
    [
        (AvatarError("x"), Refusal.UNREACHABLE, True),
        (ConfigurationError("x"), Refusal.INVALID, False),
        (ServiceTimeout("x"), Refusal.UNREACHABLE, True),
        (ConnectionLost("x"), Refusal.UNREACHABLE, True),
        (SessionOver("x"), Refusal.ROOM_GONE, False),
        (service_error(CALL, status_code=503), Refusal.UNREACHABLE, True),
        (service_error(CALL, status_code=200, body="the reply has no session_id"), Refusal.UNREACHABLE, True),
        (service_error(CALL, status_code=429), Refusal.RATE_LIMITED, True),
        (service_error(CALL, status_code=403, code=4003), Refusal.NO_SLOT, False),
        (service_error(CALL, status_code=402), Refusal.NO_CREDITS, False),
        (service_error(CALL, status_code=401), Refusal.UNAUTHORIZED, False),
        (service_error(CALL, status_code=422), Refusal.INVALID, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, AvatarError) else str(value),
)
def test_every_error_has_a_kind(error: AvatarError, refusal: Refusal, *, retryable: bool) -> None:
    """The kind decides what the program does next, and whether it repeats the call at once."""
    assert (error.refusal, error.retryable) == (refusal, retryable)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, None, AuthError),
        (403, 4032, CapacityError),
        (403, 4033, CapacityError),
        (429, None, CapacityError),
        (400, 4000, ServiceError),
    ],
)
def test_the_class_follows_the_kind(status: int, code: int | None, kind: type[ServiceError]) -> None:
    """A refused key and a full account can be caught by their classes."""
    assert type(service_error(CALL, status_code=status, code=code)) is kind


def test_a_message_says_what_happened_in_which_call_and_what_to_do() -> None:
    """The call, the status, the service's message and the advice are in the text."""
    error = service_error(CALL, status_code=400, body="Avatar is expired")

    assert str(error) == (
        "POST /v1/sessions/token was answered with 400: Avatar is expired"
        " - choose another avatar: set LIVEAVATAR_AVATAR_ID"
    )


def test_a_refusal_without_a_reason_says_so() -> None:
    """No reason is invented where the service gives none."""
    assert str(service_error(CALL, status_code=422)) == f"{CALL} was answered with 422: no reason given"


def test_long_messages_are_cut() -> None:
    """A page of text in a reply is read whole, and cut in the log."""
    error = service_error(CALL, status_code=403, body="x" * 300 + " credits")

    assert len(error.body) == 200
    assert error.refusal is Refusal.NO_CREDITS
