"""Calls of the service's REST interface: sending, repeating and recording them, and reading their replies."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

import aiohttp
import stamina

from avatar.errors import AvatarError, ConnectionLost, ServiceTimeout
from avatar.http import job_proxy, proxy_for
from avatar.recording import Recorder
from avatar.recording.redaction import JSON, Place, secrets_in
from avatar.reply import Reply, read_reply

# The longest wait before a retry, even if the service asks for more: a caller waits for the answer.
_LONGEST_WAIT_S = 10.0

_FIRST_WAIT_S = 0.3


@dataclass(frozen=True, slots=True)
class Credential:
    """The API key, which may do everything, or a session's token."""

    kind: Literal["key", "token"]
    secret: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that carry it."""
        if self.kind == "key":
            return {"X-API-KEY": self.secret}
        return {"Authorization": f"Bearer {self.secret}"}


class RestClient:
    """A client of the REST interface, which turns foreign errors into errors of this package.

    Args:
        http: The HTTP session to use. The caller closes it.
        url: The service's address, without a path.
        timeout: Seconds for one attempt, and for its connection if the attempt itself may take longer.
        attempts: Attempts for a call that may be repeated.
        recorder: Records every attempt.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        *,
        timeout: float,
        attempts: int,
        recorder: Recorder,
    ) -> None:
        self._http = http
        self._url = url
        self._timeout = timeout
        self._attempts = max(1, attempts)
        self._recorder = recorder

    async def call(
        self,
        method: str,
        path: str,
        credential: Credential,
        *,
        body: JSON = None,
        attempts: int | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - of each attempt
    ) -> Reply:
        """Make a call, and repeat it if it may succeed in a moment.

        Args:
            method: HTTP method.
            path: The path, with the query.
            credential: Authorises the call.
            body: JSON.
            attempts: 1 for a call that must not be repeated; None for the client's attempts.
            timeout: Seconds for one attempt; None for the client's timeout.

        Raises:
            AvatarError: The call failed; its class says why.
        """
        retries = stamina.retry_context(
            on=wait_before_retry, attempts=attempts or self._attempts, wait_initial=_FIRST_WAIT_S
        )
        async for attempt in retries:
            with attempt:
                return await self._call_once(method, path, credential, body, timeout or self._timeout)
        # Not reached: the last attempt returns or raises.
        raise AssertionError

    async def _call_once(self, method: str, path: str, credential: Credential, body: JSON, limit: float) -> Reply:
        call = f"{method} {path}"
        unreachable = f"is {self._url} reachable from here?"
        try:
            with self._recorder.call(method, path, auth=credential.kind, secret=credential.secret, body=body) as record:
                async with self._http.request(
                    method,
                    self._url + path,
                    headers=credential.headers,
                    json=body,
                    # The HTTP session may be the caller's own, which uses no proxy.
                    proxy=proxy_for(self._url, given=job_proxy()),
                    timeout=aiohttp.ClientTimeout(total=limit, sock_connect=self._timeout),
                ) as response:
                    content = await response.read()
                record(response.status, response.headers, content)
        except aiohttp.ConnectionTimeoutError as error:
            message = f"{call} failed: no connection within {self._timeout:.0f} s - {unreachable}"
            raise ConnectionLost(message) from error
        except TimeoutError as error:
            message = f"{call} was not answered within {limit:.0f} s"
            raise ServiceTimeout(message) from error
        except (aiohttp.ClientError, asyncio.IncompleteReadError) as error:
            message = f"{call} failed: {type(error).__name__} - {unreachable}"
            raise ConnectionLost(message) from error
        secrets = [credential.secret, *secrets_in(body, Place.REQUEST)]
        return read_reply(call, response.status, response.headers, content, secrets=secrets)


def wait_before_retry(error: Exception) -> bool | float:
    """Decide whether to repeat a call, or after how many seconds."""
    if not isinstance(error, AvatarError) or not error.retryable:
        return False
    retry_after = getattr(error, "retry_after", None)
    return True if retry_after is None else min(float(retry_after), _LONGEST_WAIT_S)
