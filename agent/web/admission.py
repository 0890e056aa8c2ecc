"""Admits new callers, unless too many have a token and have not joined."""

import time
from collections.abc import Callable
from http import HTTPStatus

from agent.call_config import CallConfig
from agent.rooms.connection_details import ConnectionDetails, Rooms
from agent.settings import Settings
from agent.web.errors import RequestError
from agent.web.unjoined import Unjoined, UnjoinedCalls

_TOO_MANY = "Too many calls are waiting for their callers."


class Admission:
    """Gives new callers their connection details.

    A token starts an agent and an avatar, which the operator pays for, before the caller joins. So
    UNJOINED_CALLS_PER_CLIENT and UNJOINED_CALLS limit their number, unless they start only when the caller joins.

    Args:
        settings: Contain the limits.
        rooms: The rooms of calls.
        is_limited: True if the limit for each client applies; False if clients stand for many callers.
        clock: Returns monotonic seconds.

    Attributes:
        rooms: The rooms of calls.
    """

    def __init__(
        self, settings: Settings, rooms: Rooms, *, is_limited: bool, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rooms = rooms
        self._is_limited = is_limited
        self._clock = clock
        self._unjoined = UnjoinedCalls(settings.unjoined_calls, settings.unjoined_calls_per_client)
        self._details: dict[Unjoined, ConnectionDetails] = {}

    async def admit(self, client: str, name: str, config: CallConfig | None = None) -> ConnectionDetails:
        """Admit a new caller.

        Args:
            client: The client that sent the request.
            name: The caller's name.
            config: The call's configuration.

        Raises:
            RequestError: Too many callers have a token and have not joined.
            NoRoomError: There is no room.
        """
        if not self.rooms.waits:
            return await self.rooms.create(name, config)
        call = await self._begin(client)
        try:
            details = self._details[call] = await self.rooms.create(name, config)
        except BaseException:
            self._end(call)
            raise
        return details

    async def _begin(self, client: str) -> Unjoined:
        call = self._try(client)
        if not isinstance(call, Unjoined):
            await self._forget_joined(client)
            call = self._try(client)
        if isinstance(call, Unjoined):
            return call
        raise RequestError(HTTPStatus.TOO_MANY_REQUESTS, _TOO_MANY, call)

    def _try(self, client: str) -> Unjoined | float:
        now = self._clock()
        call = self._unjoined.begin(client, now, now + self.rooms.waits, is_limited=self._is_limited)
        known = set(self._unjoined.all())
        self._details = {each: details for each, details in self._details.items() if each in known}
        return call

    async def _forget_joined(self, client: str) -> None:
        """Check the client's own calls and the oldest one: one request must not cause hundreds of requests."""
        own = [call for call in self._details if call.client == client]
        for call in dict.fromkeys([*own, *list(self._details)[:1]]):
            if not await self.rooms.is_awaited(self._details[call]):
                self._end(call)

    def _end(self, call: Unjoined) -> None:
        self._unjoined.end(call)
        self._details.pop(call, None)
