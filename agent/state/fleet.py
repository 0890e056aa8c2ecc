"""The journal of a fleet: each machine's own, and a copy of all in a Redis, with leases of living processes.

A session is written to its machine's journal first and then to Redis. Entries that Redis missed are copied later.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from agent.state.redis_state import RedisState, StateAwayError
from avatar.sessions.journal import SessionJournal, SessionRow
from avatar.sessions.port import Claim, JournalEntry, JournalError, LeftRoom

logger = logging.getLogger("agent")

# Seconds between two renewals of a lease. A lease expires after 2 s (scripts/common.lua).
_RENEWS_EVERY = 0.5

# Seconds for which a slot is held for a room whose session is about to be started.
_SLOT_HELD = 60.0

# Seconds of entries that a machine copies again to a Redis that has lost its data.
_TOLD_AGAIN = 86_400.0


@dataclass(frozen=True, slots=True)
class FleetEntry(JournalEntry):
    """A session that may run, on any machine.

    Attributes:
        has_lease: Whether its owner has a lease.
    """

    has_lease: bool


@dataclass(frozen=True, slots=True)
class FleetClaim(Claim):
    """A claim in this machine's journal and in the fleet's.

    Attributes:
        local: The claim in this machine's journal.
        sessions: Ids of the sessions claimed in the fleet's.
    """

    local: Claim = field(default_factory=lambda: Claim([]))
    sessions: tuple[str, ...] = ()


class FleetJournal:
    """The journal of a fleet; see `avatar.sessions.port.Journal`.

    An owner's name is its fencing token: it is random, and gets no lease again once another process has claimed its
    lease.

    Args:
        local: The journal of this machine.
        state: The Redis.
        call: This process's call, for the worker that dispatches another agent into it; empty if there is none.
        starts_alone: Whether sessions may be started while Redis is away.
        on_lost: Called in a thread when another process has claimed this one's sessions; by default this process
            goes on under another name.
    """

    def __init__(
        self,
        local: SessionJournal,
        state: RedisState,
        *,
        call: LeftRoom | None = None,
        starts_alone: bool = True,
        on_lost: Callable[[], None] | None = None,
    ) -> None:
        self._local = local
        self._state = state
        self._call = call or LeftRoom("")
        self._starts_alone = starts_alone
        self._on_lost = on_lost or local.let_go
        self._leased = ""
        self._leasing = threading.Lock()
        self._has_ended = threading.Event()
        self._sharing = threading.Lock()

    def prepare(self) -> None:
        """Make sure that sessions can be noted on this machine; see `RedisState.check` for the fleet."""
        self._local.prepare()

    def own(self) -> str:
        """Take a lease and keep it until `disown`; return the owner's name, which is its token.

        Raises:
            JournalError: This process has disowned everything.
        """
        if not self._local.owner:
            self._local.prepare()
        name = self._local.own()
        with self._leasing:
            is_new, self._leased = name != self._leased, name
        if is_new:
            self._try(lambda: self._renew(name))
            threading.Thread(target=self._keep_lease, args=(name,), name="lease", daemon=True).start()
        return name

    def add(self, session_id: str, *, api_url: str, room: str = "") -> None:
        """Note a session that is about to be started."""
        name = self.own()
        if not self._starts_alone and self._renew(name) == "lost":
            message = "this process was taken for dead: it starts no session"
            raise JournalError(message)
        self._local.add(session_id, api_url=api_url, room=room)
        self._share()

    def adopt(self, session_id: str, *, room: str) -> bool:
        """Become the owner of a session that another process of this machine has made."""
        self.own()
        is_adopted = self._local.adopt(session_id, room=room)
        self._share()
        return is_adopted

    def take_back(self, session_id: str) -> bool:
        """Note that a session that no process has adopted is about to be stopped."""
        is_taken = self._local.take_back(session_id)
        self._share()
        return is_taken

    def mark_started(self, session_id: str, max_duration: float | None = None) -> None:
        """Note that the service has started a session, whichever process owns it."""
        self._local.mark_started(session_id, max_duration)
        self._share()

    def mark_stopping(self, session_id: str) -> None:
        """Note that a session is about to be stopped."""
        self._local.mark_stopping(session_id)
        self._share_stop(session_id, "stopping")

    def mark_stopped(self, session_id: str) -> None:
        """Note that the service has confirmed a stop."""
        self._local.mark_stopped(session_id)
        self._share_stop(session_id, "stopped")

    def entries(self) -> list[JournalEntry]:
        """List the sessions of all machines; while Redis is away, those of this one."""
        try:
            self._share()
            found = json.loads(self._state.run("entries")) or []
        except StateAwayError:
            return self._local.entries()
        return sorted(map(_entry, found), key=lambda entry: entry.made_at)

    def is_owned(self, entry: JournalEntry) -> bool:
        """Return whether the process that made a session lives, by its lease or on this machine."""
        return self._local.is_owned(entry) or (isinstance(entry, FleetEntry) and entry.has_lease)

    def seconds_used(self, since: float, *, api_url: str | None = None, room: str | None = None) -> float:
        """Return the seconds of sessions of all machines; while Redis is away, of this one."""
        try:
            return float(self._state.run("used", time.time() - since, api_url or "", room or ""))
        except StateAwayError:
            return self._local.seconds_used(since, api_url=api_url, room=room)

    def slots_used(self, api_url: str, *, beside: str = "") -> int:
        """Count the slots that the fleet uses; while Redis is away, those of this machine."""
        try:
            return int(self._state.run("slots", api_url, beside, 0, 0))
        except StateAwayError:
            return self._local.slots_used(api_url, beside=beside)

    def take_slot(self, api_url: str, room: str, slots: int) -> bool:
        """Hold one of the fleet's slots; while Redis is away, one of this machine's."""
        try:
            return int(self._state.run("slots", api_url, room, slots, _SLOT_HELD)) < slots
        except StateAwayError:
            return self._local.take_slot(api_url, room, slots)

    def claim(self, api_url: str, *, with_rooms: bool = False) -> FleetClaim:
        """Claim the sessions and rooms of dead owners, on this machine and on any other."""
        local = self._local.claim(api_url)
        try:
            self._share()
            found = json.loads(self._state.run("claim", api_url, "rooms" if with_rooms else ""))
        except StateAwayError:
            return FleetClaim(local.entries, local=local)
        known = {entry.session_id for entry in local.entries}
        sessions, rooms = found["sessions"] or [], found["rooms"] or []
        return FleetClaim(
            [*local.entries, *(_entry(each) for each in sessions if each["session_id"] not in known)],
            [LeftRoom(each["room"], each["agent"], each["dispatch"]) for each in rooms],
            local=local,
            sessions=tuple(each["session_id"] for each in sessions),
        )

    def release(self, claim: Claim) -> None:
        """Give up a claim of sessions; the claim of rooms expires after ten seconds."""
        if not isinstance(claim, FleetClaim):
            self._local.release(claim)
            return
        self._local.release(claim.local)
        if claim.sessions:
            self._try(lambda: self._state.run("release", *claim.sessions))

    def disown(self) -> None:
        """Give up all sessions and end the lease: the call needs no other agent."""
        name = self._local.owner
        self._local.disown()
        self._has_ended.set()
        if name:
            self._try(lambda: self._state.run("drop", name))

    def _keep_lease(self, name: str) -> None:
        was_away = False
        while not self._has_ended.wait(_RENEWS_EVERY) and self._local.owner == name:
            try:
                answer = self._renew(name)
                if answer == "lost":
                    break
                if answer == "new" or was_away:
                    self._tell_again()
                else:
                    self._share()  # notes of an outage between two renewals
                was_away = False
            except JournalError:
                was_away = True
        if self._local.owner == name:
            self._lose()

    def _renew(self, name: str) -> str:
        call = self._call
        return str(self._state.run("renew", name, call.room, call.agent, call.dispatch))

    def _lose(self) -> None:
        """Give up all sessions. A start that was sent before this process was paused may still take effect."""
        logger.error("another worker took this process for dead and claimed its sessions")
        with suppress(JournalError):
            if unanswered := self._local.unanswered():
                self._state.run("reopen", *unanswered)
        self._on_lost()

    def _tell_again(self) -> None:
        self._local.share_again(_TOLD_AGAIN)
        self._share()

    def _share_stop(self, session_id: str, what: str) -> None:
        self._share()
        if not self._local.knows(session_id):
            self._try(lambda: self._state.run("stop", session_id, what))

    def _share(self) -> None:
        """Copy the entries that Redis does not have; while Redis is away, a later call does it."""
        with self._sharing:
            while rows := self._local.unshared():
                try:
                    self._put(rows)
                except StateAwayError:
                    return
                self._local.mark_shared(rows)

    def _put(self, rows: Sequence[SessionRow]) -> None:
        teller = self._local.owner
        self._state.run_many("put", [(teller, json.dumps(row.values)) for row in rows])

    def _try(self, ask: Callable[[], object]) -> None:
        """Send a request, and ignore that Redis is away: the request is repeated later, or its subject expires."""
        with suppress(StateAwayError):
            ask()


def _entry(found: dict[str, Any]) -> FleetEntry:
    return FleetEntry(
        session_id=found["session_id"],
        api_url=found["api_url"],
        owner=found["owner"],
        room=found["room"],
        state=found["state"],
        # In the time of this machine's clock.
        made_at=time.time() - found["age"],
        has_lease=found.get("is_owned", False),
    )
