"""The errors of the avatar, in the terms of the person who uses it.

```
AvatarError
|- ConfigurationError     a setting is missing or wrong; nothing was sent
|- ServiceError           the service answered with an error
|  |- AuthError           ... because of the key or the token
|  `- CapacityError       ... because of concurrency, credits or rate
|- ServiceTimeout         the service did not answer in time
|- SessionOver            the only session that the room can have is over
`- ConnectionLost         the connection to the service failed or was lost
```

`refusal` is the kind of error, which decides what the program does next; the message says what happened, to which call
or setting, and what to do. No error carries a key, a token, a ws_url, audio or text.
"""

from avatar.core.refusal import Refusal
from avatar.refusals import judge

_BODY_CHARS = 200

_RETRYABLE = frozenset({Refusal.UNREACHABLE, Refusal.RATE_LIMITED})


class AvatarError(Exception):
    """Base of all errors of this package.

    Attributes:
        refusal: The kind of error, which decides what to do next.
    """

    refusal = Refusal.UNREACHABLE

    @property
    def retryable(self) -> bool:
        """True if the same call may succeed in a moment."""
        return self.refusal in _RETRYABLE


class ConfigurationError(AvatarError):
    """A setting is missing or wrong; the message names it and says what to do."""

    refusal = Refusal.INVALID


class ServiceError(AvatarError):
    """The service answered a call with an error, or with a reply that lacks a field.

    Args:
        call: The call, such as `POST /v1/sessions/token`.
        status_code: HTTP status.
        code: The service's own code in the envelope, if there was one.
        body: The words of the reply, with the names of refused fields; cut to 200 characters.
        retry_after: Seconds to wait before a retry, if the reply names them.

    Attributes:
        refusal: The kind of refusal, read from the words, the code and the status.
        advice: What a person can do about it; empty if nothing is known.
    """

    def __init__(
        self,
        call: str,
        *,
        status_code: int,
        code: int | None = None,
        body: str = "",
        retry_after: float | None = None,
    ) -> None:
        self.call = call
        self.status_code = status_code
        self.code = code
        self.body = body[:_BODY_CHARS]
        self.retry_after = retry_after
        judgement = judge(status_code, code, body)
        self.refusal = judgement.refusal
        self.advice = judgement.advice
        advice = f" - {self.advice}" if self.advice else ""
        super().__init__(f"{call} was answered with {status_code}: {self.body or 'no reason given'}{advice}")


class AuthError(ServiceError):
    """The key or the token was refused."""


class CapacityError(ServiceError):
    """There is no room for a session now: concurrency, credits, or too many calls."""


class ServiceTimeout(AvatarError):  # noqa: N818 - named for what happened
    """The service did not answer in time. A call that changes something may still take effect."""


class SessionOver(AvatarError):  # noqa: N818 - named for what happened
    """The session is over and can't be replaced: the service had opened the room for it."""

    refusal = Refusal.ROOM_GONE


class ConnectionLost(AvatarError):  # noqa: N818 - named for what happened
    """The connection to the service failed or was lost.

    Args:
        reason: What happened.
        session_over: True if its session is known to be over, so that connecting again is useless.
    """

    def __init__(self, reason: str, *, session_over: bool = False) -> None:
        self.session_over = session_over
        super().__init__(reason)


def service_error(
    call: str, *, status_code: int, code: int | None = None, body: str = "", retry_after: float | None = None
) -> ServiceError:
    """Create the error for a reply of the service, in the class for its refusal."""
    kind = _CLASSES.get(judge(status_code, code, body).refusal, ServiceError)
    return kind(call, status_code=status_code, code=code, body=body, retry_after=retry_after)


_CLASSES: dict[Refusal, type[ServiceError]] = {
    Refusal.UNAUTHORIZED: AuthError,
    Refusal.NO_SLOT: CapacityError,
    Refusal.NO_CREDITS: CapacityError,
    Refusal.RATE_LIMITED: CapacityError,
}
