"""The sessions of one call by number, identity and role, and the avatar that they are to show. Pure."""

from avatar.core.session import Session


class Roster:
    """Every session that was requested, and the avatar that the call wants.

    Args:
        identity: The avatar's identity in the room; later sessions append a number to it.
        avatar_id: The first avatar's id at the service.
        interrupt_timeout: Seconds to wait for the confirmation of an interrupt.
    """

    def __init__(self, identity: str, avatar_id: str, interrupt_timeout: float) -> None:
        # Every session that was requested.
        self.all: list[Session] = []
        # The session that speaks, or is about to.
        self.current: Session | None = None
        # Its successor, while one is being prepared.
        self.next: Session | None = None
        # The wanted avatar's id at the service.
        self.avatar_id = avatar_id
        self._identity = identity
        self._proven_id = avatar_id
        self._interrupt_timeout = interrupt_timeout

    @property
    def alive(self) -> list[Session]:
        """Sessions that may cost money."""
        return [session for session in self.all if session.is_alive]

    @property
    def available(self) -> Session | None:
        """The current session, if it takes commands."""
        return self.current if self.current is not None and self.current.is_ready else None

    @property
    def is_outdated(self) -> bool:
        """True if the current session does not show the wanted avatar."""
        return self.current is not None and self.current.avatar_id != self.avatar_id

    def by_number(self, number: int) -> Session:
        """Return the session with this number."""
        return self.all[number - 1]

    def by_identity(self, identity: str) -> list[Session]:
        """Return the sessions whose avatar has this identity: one, or none for another participant."""
        return [session for session in self.all if session.identity == identity]

    def add(self, now: float) -> Session:
        """Add a session that is about to be requested: the current one, or its successor."""
        number = len(self.all) + 1
        identity = self._identity if number == 1 else f"{self._identity}-{number}"
        session = Session(number, identity, self._interrupt_timeout, now, avatar_id=self.avatar_id)
        self.all.append(session)
        if self.current is None:
            self.current = session
        else:
            self.next = session
        return session

    def prove(self, session: Session) -> None:
        """Note that a session works, and so does its avatar."""
        self._proven_id = session.avatar_id

    def reject(self, session: Session) -> bool:
        """Go back to the last avatar that worked, as this session failed; return False if its avatar has worked."""
        if session.avatar_id == self._proven_id:
            return False
        if self.avatar_id == session.avatar_id:
            self.avatar_id = self._proven_id
        return True

    def promote(self) -> None:
        """Make the successor the current session, if there is none."""
        if self.current is None and self.next is not None:
            self.current, self.next = self.next, None

    def forget(self, session: Session) -> None:
        """Stop using a session."""
        if self.current is session:
            self.current = None
        if self.next is session:
            self.next = None
