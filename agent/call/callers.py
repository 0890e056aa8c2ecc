"""Decides which caller the agent listens to, and when a call without callers is over.

Pure: nothing here waits, reads a clock or does I/O. `now` is monotonic seconds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from math import inf

# After so many seconds of silence of the linked caller, another caller is linked as soon as they speak.
FLOOR = 1.5

# Seconds to wait for a caller who left on purpose. A browser that reloads the page looks the same (livekit-client
# disconnects on `beforeunload`), and is back in one to three seconds.
RELOAD_GRACE = 5.0

# The most seconds after a departure that the call waits for a caller whose page has asked for new connection details.
RETURN_TIMEOUT = 60.0


class Departure(Enum):
    """How a caller left the room."""

    LEFT = "on purpose"
    LOST = "the connection was lost, or LiveKit gave no reason"


@dataclass(frozen=True, slots=True)
class Caller:
    """A person in the room.

    Attributes:
        identity: Identity of the participant.
        is_phone: Whether they call by telephone. Such a caller has no screen and does not return after hanging up.
        is_ready: False while the telephone still rings.
        has_microphone: Whether a microphone is published.
        is_muted: Whether that microphone is muted.
    """

    identity: str
    is_phone: bool = False
    is_ready: bool = True
    has_microphone: bool = False
    is_muted: bool = False


@dataclass(frozen=True, slots=True)
class _Wait:
    """How long the call waits for a caller who left; times are monotonic seconds."""

    since: float
    until: float


class Callers:
    """The callers of one call.

    The agent listens to one caller at a time, the linked caller. The first caller in the room is linked; a ringing
    telephone is linked only if there is no other caller. The link moves:

    - to a caller with a microphone, when the linked caller has none;
    - to the caller who holds the push-to-talk button;
    - to a caller who speaks, when the linked caller is muted or has been silent for `FLOOR`. Speaking does not move
      the link to a caller who uses push-to-talk.

    After a caller left on purpose, the call waits `RELOAD_GRACE` at most for their return; after a lost connection, the
    whole grace; after a telephone was hung up, not at all. If the caller's page asks for new connection details in this
    time, the whole grace starts then, up to `RETURN_TIMEOUT` in all.

    Args:
        grace: Seconds to wait for a caller whose connection was lost.
        first_by: Monotonic seconds at which the first caller has to be there.

    Attributes:
        linked: Identity of the linked caller; in an empty room, of the last one.
    """

    def __init__(self, grace: float, *, first_by: float = inf) -> None:
        self._grace = grace
        self._first_by = first_by
        self._callers: dict[str, Caller] = {}
        self._awaited: dict[str, _Wait] = {}
        self._announced: dict[str, float] = {}
        self._speakers: Sequence[str] = ()
        self._by_button: set[str] = set()
        self._writers: set[str] = set()
        self._holder: str | None = None
        self._spoke_at = -inf
        self.linked: str | None = None

    @property
    def count(self) -> int:
        """Number of callers in the room, ringing telephones included."""
        return len(self._callers)

    @property
    def is_there(self) -> bool:
        """Whether a caller is in the room and, on a telephone, has answered."""
        return any(caller.is_ready for caller in self._callers.values())

    @property
    def is_ringing(self) -> bool:
        """Whether a telephone rings."""
        return any(not caller.is_ready for caller in self._callers.values())

    @property
    def has_screen(self) -> bool:
        """Whether a caller can see an avatar."""
        return any(caller.is_ready and not caller.is_phone for caller in self._callers.values())

    @property
    def can_be_heard(self) -> bool:
        """Whether a caller has a microphone that is not muted."""
        return any(each.is_ready and each.has_microphone and not each.is_muted for each in self._callers.values())

    @property
    def ends_at(self) -> float | None:
        """When the call is over unless a caller joins before; None while a caller is in the room."""
        if self._callers:
            return None
        return max((wait.until for wait in self._awaited.values()), default=self._first_by)

    def knows(self, identity: str) -> bool:
        """Return whether this is a caller in the room."""
        return identity in self._callers

    def takes_part(self, identity: str) -> bool:
        """Return whether this caller may make requests: they are linked, have a microphone, or have written."""
        caller = self._callers.get(identity)
        if caller is None or not caller.is_ready:
            return False
        return identity == self.linked or caller.has_microphone or identity in self._writers

    def update(self, now: float, callers: Iterable[Caller], departures: Mapping[str, Departure]) -> None:
        """Replace the callers with those who are in the room now.

        Args:
            now: Monotonic seconds.
            callers: All callers in the room.
            departures: How each caller who left did so, by identity; a caller without an entry lost the connection.
        """
        before, self._callers = self._callers, {caller.identity: caller for caller in callers}
        for identity, caller in before.items():
            if identity not in self._callers:
                grace = self._grace_of(caller, departures.get(identity, Departure.LOST))
                self._awaited[identity] = _Wait(now, now + grace)
                # LiveKit may report the departure only after the page has asked for new connection details.
                if now - self._announced.get(identity, -inf) < RELOAD_GRACE:
                    self._extend(now, identity)
        for identity in self._callers.keys() - before.keys():
            self._awaited.pop(identity, None)
            self._announced.pop(identity, None)
        self._choose(now)

    def announce(self, now: float, identity: str) -> None:
        """Note that a caller's page has asked for new connection details, to return."""
        if identity in self._callers:
            self._announced[identity] = now
        elif identity in self._awaited:
            self._extend(now, identity)

    def speak(self, now: float, identities: Sequence[str]) -> None:
        """Replace the speakers with these callers, the loudest first."""
        if self.linked in self._speakers or self.linked in identities:
            self._spoke_at = now
        self._speakers = identities
        self._choose(now)

    def write(self, identity: str) -> bool:
        """Note that a participant has written; return whether it is a caller who takes part."""
        self._writers.add(identity)
        return self.takes_part(identity)

    def use_button(self, now: float, identity: str, *, used: bool) -> None:
        """Note whether this caller uses push-to-talk."""
        (self._by_button.add if used else self._by_button.discard)(identity)
        self._choose(now)

    def hold(self, now: float, identity: str | None) -> None:
        """Note which caller holds the push-to-talk button; None for none."""
        self._holder = identity
        self._choose(now)

    def next_timeout(self) -> float | None:
        """Return the next deadline; None if there is none."""
        floor_at = None if self._claimant() is None else self._floor_until()
        return min((at for at in (self.ends_at, floor_at) if at is not None and at < inf), default=None)

    def handle_timeout(self, now: float) -> None:
        """Decide again at a deadline."""
        self._choose(now)

    def _grace_of(self, caller: Caller, departure: Departure) -> float:
        if caller.is_phone:
            return 0.0
        return min(RELOAD_GRACE, self._grace) if departure is Departure.LEFT else self._grace

    def _extend(self, now: float, identity: str) -> None:
        wait = self._awaited[identity]
        until = min(now + self._grace, wait.since + RETURN_TIMEOUT)
        self._awaited[identity] = _Wait(wait.since, max(wait.until, until))

    def _choose(self, now: float) -> None:
        # Without another caller a ringing telephone is linked too: the framework publishes the agent's audio track when
        # a participant is linked, and LiveKit does not answer an incoming call without that track.
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
        """Return when the linked caller loses the link by silence."""
        linked = None if self.linked is None else self._callers.get(self.linked)
        return -inf if linked is None or linked.is_muted else self._spoke_at + FLOOR

    def _claimant(self) -> str | None:
        """Return the loudest caller who speaks while the linked caller does not."""
        heard = self._heard()
        return None if self.linked in heard or self._holder is not None else next(iter(heard), None)

    def _heard(self) -> list[str]:
        """Return the callers who speak and would be heard if linked, the loudest first."""
        speakers = (self._callers[identity] for identity in self._speakers if identity in self._callers)
        return [
            caller.identity
            for caller in speakers
            if caller.is_ready
            and caller.has_microphone
            and not caller.is_muted
            and caller.identity not in self._by_button
        ]
