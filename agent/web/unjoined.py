"""Limits the calls whose caller has a token and has not joined yet: agent and avatar may already be waiting.

Pure: `now` is an argument.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Unjoined:
    """A call whose caller, as far as is known, has not joined.

    Attributes:
        number: Its number.
        client: The client that has requested it.
        until: When the wait for the caller ends, in seconds of the clock.
    """

    number: int
    client: str
    until: float


class UnjoinedCalls:
    """The calls whose callers have not joined.

    Args:
        most: Most calls in all; 0 for any number.
        most_of_a_client: Most calls of one client; 0 for any number.
    """

    def __init__(self, most: int, most_of_a_client: int) -> None:
        self._most = most
        self._most_of_a_client = most_of_a_client
        self._last = 0
        self._calls: dict[int, Unjoined] = {}

    def begin(self, client: str, now: float, until: float, *, is_limited: bool = True) -> Unjoined | float:
        """Count a call that is about to get its token.

        Args:
            client: The client that requests it.
            now: Seconds of the clock.
            until: When the wait for its caller ends.
            is_limited: False for a client that stands for many callers: only the total limit applies to it.

        Returns:
            The call, or the seconds until there will be room for it.
        """
        self._calls = {number: call for number, call in self._calls.items() if call.until > now}
        own = self.of(client)
        for calls, most in ((own if is_limited else [], self._most_of_a_client), (self.all(), self._most)):
            if most and len(calls) >= most:
                return sorted(call.until for call in calls)[-most] - now
        self._last += 1
        call = self._calls[self._last] = Unjoined(self._last, client, until)
        return call

    def end(self, call: Unjoined) -> None:
        """Forget a call: its caller has joined, or it got no token."""
        self._calls.pop(call.number, None)

    def of(self, client: str) -> list[Unjoined]:
        """Return the calls of one client."""
        return [call for call in self._calls.values() if call.client == client]

    def all(self) -> list[Unjoined]:
        """Return all calls."""
        return list(self._calls.values())
