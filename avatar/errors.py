"""What can go wrong with the avatar, in the terms of who uses it.

```
AvatarError
|- ConfigurationError     a setting is missing or wrong; nothing was sent
|- ServiceError           the service answered with an error
|  |- AuthError           ... because of the key or the token (401, 403)
|  `- CapacityError       ... because of concurrency, credits or rate (402, 429, code 4032)
|- ServiceTimeout         the service did not answer in time
|- SessionOver            the one session that there could be is over
`- ConnectionLost         the network, or the WebSocket, is gone
```

`retryable` tells whether the same call may succeed later. No error carries a key, a token, a ws_url, audio or text.
"""

_CONCURRENCY_CODE = 4032
# "Session concurrency limit reached", seen from the service with status 403.

_NOT_USABLE = {404, 422}
# An avatar that does not exist, or an id that is none.

_BODY_CHARS = 200


class AvatarError(Exception):
    """Base of all errors of this package."""

    retryable = False


class ConfigurationError(AvatarError):
    """A setting is missing or wrong; the message names it and says what to do."""


class ServiceError(AvatarError):
    """The service answered a call with an error, or with what can't be used.

    Args:
        call: What was asked of it, such as `POST /v1/sessions/token`.
        status_code: HTTP status.
        code: The service's own code in the envelope, if there was one.
        body: Its words, cut to 200 characters.
        retry_after: Seconds, if it named them.
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
        # HTTP's own numbers; below 400 it is a reply that was torn on its way.
        self.retryable = status_code >= 500 or status_code in {408, 429} or status_code < 400  # noqa: PLR2004
        super().__init__(f"{call} was answered with {status_code}: {self.body or 'nothing said'}{self.advice}")

    @property
    def advice(self) -> str:
        """What to do about it, as the end of the message."""
        if self.status_code in _NOT_USABLE and self.call.endswith("/token"):
            return " - check LIVEAVATAR_AVATAR_ID"
        return ""


class AuthError(ServiceError):
    """The key or the token was refused."""

    @property
    def advice(self) -> str:
        """What to do about it."""
        return " - check LIVEAVATAR_API_KEY (a HeyGen.com key does not work here)"


class CapacityError(ServiceError):
    """There is no room for a session now: concurrency, credits, or too many calls."""

    @property
    def advice(self) -> str:
        """What to do about it."""
        if self.code == _CONCURRENCY_CODE:
            return " - end another session or raise the plan's concurrency"
        return " - check the account's credits and rate limits"


class ServiceTimeout(AvatarError):  # noqa: N818 - named for what happened
    """The service did not answer in time."""

    retryable = True


class SessionOver(AvatarError):  # noqa: N818 - named for what happened
    """The session is over, and no other one can take its place: it had the room."""


class ConnectionLost(AvatarError):  # noqa: N818 - named for what happened
    """There is no connection to the service, or no more.

    Args:
        reason: What happened.
        session_over: Whether the session behind it is known to be gone, so that connecting again is of no use.
    """

    retryable = True

    def __init__(self, reason: str, *, session_over: bool = False) -> None:
        self.session_over = session_over
        super().__init__(reason)


def service_error(
    call: str, *, status_code: int, code: int | None = None, body: str = "", retry_after: float | None = None
) -> ServiceError:
    """The error for an answer of the service, of the class that its status and code ask for."""
    kind = _CLASSES.get(status_code, ServiceError)
    if code == _CONCURRENCY_CODE or "credit" in body.lower():
        kind = CapacityError
    return kind(call, status_code=status_code, code=code, body=body, retry_after=retry_after)


_CLASSES: dict[int, type[ServiceError]] = {401: AuthError, 402: CapacityError, 403: AuthError, 429: CapacityError}
