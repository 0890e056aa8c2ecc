"""Decides which caller the agent listens to, and when a call without callers is over.

Pure: nothing here waits, reads a clock or does I/O. `now` is monotonic seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf

# Seconds that the linked caller may pause before the agent listens to somebody else who speaks.
FLOOR = 1.5

# Seconds that the call waits for a caller who left on purpose. Browsers leave on purpose when a page reloads as well
# (livekit-client disconnects on `beforeunload`), and a page is back in one to three seconds.
RELOAD_GRACE = 5.0


class Departure(Enum):
    """The way a caller left."""

    LEFT = "on purpose"
    LOST = "the connection was lost, or nothing is known"


@dataclass(frozen=True, slots=True)
class Caller:
    """A person in the room.

    Attributes:
        identity: Of the participant.
        is_phone: Whether they call by telephone: they have no screen, and do not come back after they have hung up.
        is_ready: False while a telephone still rings.
        has_microphone: Whether a microphone is published.
        is_muted: Whether that microphone is muted.
    """

    identity: str
    is_phone: bool = False
    is_ready: bool = True
    has_microphone: bool = False
    is_muted: bool = False


class Callers:
    """The callers of one call.

    The agent listens to one caller, the linked one. The first who is there is linked, a ringing telephone last. The
    link moves to a caller with a microphone when the linked one has none, to whoever holds the push-to-talk button, and
    to whoever speaks while the linked one is muted or has been silent for `FLOOR`. Somebody who uses push-to-talk is
    not heard, and gets no link, by speaking.

    A caller who left is waited for: `RELOAD_GRACE` at most after leaving on purpose, else the whole grace. Nobody waits
    for a telephone that was hung up.

    Args:
        grace: Seconds to wait for a caller whose connection was lost.
        first_by: Monotonic seconds at which the first caller has to be there.

    Attributes:
        linked: Identity of the caller to whom the agent listens; the last one as long as nobody is there.
    """

    def __init__(self, grace: float, *, first_by: float = inf) -> None:
        self._grace = grace
        self._first_by = first_by
        self._callers: dict[str, Caller] = {}
        self._awaited: dict[str, float] = {}
        self._speakers: Sequence[str] = ()
        self._by_button: set[str] = set()
        self._writers: set[str] = set()
        self._holder: str | None = None
        self._spoke_at = -inf
        self.linked: str | None = None

    @property
    def count(self) -> int:
        """How many callers are in the room, those whose telephone still rings included."""
        return len(self._callers)

    @property
    def is_there(self) -> bool:
        """Whether somebody is there who can be talked with."""
        return any(caller.is_ready for caller in self._callers.values())

    @property
    def is_ringing(self) -> bool:
        """Whether a telephone rings."""
        return any(not caller.is_ready for caller in self._callers.values())

    @property
    def has_screen(self) -> bool:
        """Whether somebody is there who can see an avatar."""
        return any(caller.is_ready and not caller.is_phone for caller in self._callers.values())

    @property
    def ends_at(self) -> float | None:
        """When the call is over unless somebody comes before; None while somebody is there or a telephone rings."""
        if self._callers:
            return None
        return max(self._awaited.values(), default=self._first_by)

    def knows(self, identity: str) -> bool:
        """Return whether this is a caller in the room."""
        return identity in self._callers

    def takes_part(self, identity: str) -> bool:
        """Return whether this caller may ask for something: is linked, has a microphone, or has written."""
        caller = self._callers.get(identity)
        if caller is None or not caller.is_ready:
            return False
        return identity == self.linked or caller.has_microphone or identity in self._writers

    def update(self, now: float, callers: Iterable[Caller], departures: Mapping[str, Departure]) -> None:
        """Take who is in the room now.

        Args:
            now: Monotonic seconds.
            callers: All who are in the room.
            departures: How those left who are known to have left.
        """
        before, self._callers = self._callers, {caller.identity: caller for caller in callers}
        for identity, caller in before.items():
            if identity not in self._callers:
                self._awaited[identity] = now + self._grace_of(caller, departures.get(identity, Departure.LOST))
        for identity in self._callers:
            self._awaited.pop(identity, None)
        self._choose(now)

    def speak(self, now: float, identities: Sequence[str]) -> None:
        """Take who speaks from now on, the loudest first."""
        if self.linked in self._speakers or self.linked in identities:
            self._spoke_at = now
        self._speakers = identities
        self._choose(now)

    def write(self, identity: str) -> bool:
        """Take that somebody has written, which is one way to take part. Return whether it is a caller."""
        self._writers.add(identity)
        return self.takes_part(identity)

    def use_button(self, now: float, identity: str, *, used: bool) -> None:
        """Take whether this caller uses push-to-talk."""
        (self._by_button.add if used else self._by_button.discard)(identity)
        self._choose(now)

    def hold(self, now: float, identity: str | None) -> None:
        """Take who holds the push-to-talk button; None if nobody does."""
        self._holder = identity
        self._choose(now)

    def next_timeout(self) -> float | None:
        """Return when `handle_timeout` is to be called; None if nothing is waited for."""
        floor_at = None if self._claimant() is None else self._floor_until()
        return min((at for at in (self.ends_at, floor_at) if at is not None and at < inf), default=None)

    def handle_timeout(self, now: float) -> None:
        """Do what is due."""
        self._choose(now)

    def _grace_of(self, caller: Caller, departure: Departure) -> float:
        if caller.is_phone:
            return 0.0
        return min(RELOAD_GRACE, self._grace) if departure is Departure.LEFT else self._grace

    def _choose(self, now: float) -> None:
        # A ringing telephone is linked too, if nobody else is there: the framework publishes its audio track, without
        # which LiveKit does not answer an incoming call, when a participant is linked.
        ready = [caller for caller in self._callers.values() if caller.is_ready] or list(self._callers.values())
        if not ready:
            return
        chosen = self._chosen(ready, now)
        if chosen != self.linked:
            self.linked, self._spoke_at = chosen, -inf

    def _chosen(self, ready: Sequence[Caller], now: float) -> str:
        identities = [caller.identity for caller in ready]
        with_microphone = [caller.identity for caller in ready if caller.has_microphone]
        if self._holder in identities:
            return self._holder
        if self.linked is None or self.linked not in identities:
            return [*self._heard(), *with_microphone, *identities][0]
        if (claimant := self._claimant()) is not None and now >= self._floor_until():
            return claimant
        return self.linked if self.linked in with_microphone else [*with_microphone, self.linked][0]

    def _floor_until(self) -> float:
        """Return until when the linked caller keeps the link without speaking."""
        linked = None if self.linked is None else self._callers.get(self.linked)
        return -inf if linked is None or linked.is_muted else self._spoke_at + FLOOR

    def _claimant(self) -> str | None:
        """Return who speaks while the linked caller does not."""
        heard = self._heard()
        return None if self.linked in heard or self._holder is not None else next(iter(heard), None)

    def _heard(self) -> list[str]:
        """Return who speaks and would be heard if linked, the loudest first."""
        speakers = (self._callers[identity] for identity in self._speakers if identity in self._callers)
        return [
            caller.identity
            for caller in speakers
            if caller.is_ready
            and caller.has_microphone
            and not caller.is_muted
            and caller.identity not in self._by_button
        ]
