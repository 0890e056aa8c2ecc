"""The expired leases of a fleet: their calls are doubted until their agents were asked."""

import json
from dataclasses import dataclass

from agent.state.redis_state import RedisState
from avatar.sessions.port import LeftRoom


@dataclass(frozen=True, slots=True)
class DoubtedCall:
    """A call whose process has not renewed its lease: its node is lost, or has only lost Redis.

    Attributes:
        owner: The name under which the process had its lease.
        call: Its room and its agent.
    """

    owner: str
    call: LeftRoom


class Leases:
    """The leases in a Redis. All methods block for a moment, and raise a `StateAwayError` while Redis is away.

    Args:
        state: The Redis.
    """

    def __init__(self, state: RedisState) -> None:
        self._state = state

    def doubted(self) -> list[DoubtedCall]:
        """List the calls whose agents this process must ask; no other process gets them for five seconds."""
        found = json.loads(self._state.run("doubted")) or []
        return [DoubtedCall(each["owner"], LeftRoom(each["room"], each["agent"], each["dispatch"])) for each in found]

    def settle(self, owner: str, *, lives: bool) -> None:
        """Renew the lease of an owner whose agent has answered; mark it as dead if its agent has not.

        An owner that has renewed its lease meanwhile counts as alive in any case.
        """
        self._state.run("settle", owner, "lives" if lives else "dead")
