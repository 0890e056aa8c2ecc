"""The faults of one session, brought about at the moments that it reaches."""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING

from simulators.faults.avatar import Deaf, End, Frozen, Leaves, Mute, NeverJoins, SessionFault, Unpublished, Unready
from simulators.faults.fault import SocketFault

if TYPE_CHECKING:
    from simulators.faults.injection import Injection
    from simulators.faults.places import Moment
    from simulators.liveavatar.session import Session


class Trouble:
    """Asks at each moment what strikes.

    Args:
        session: that suffers it.
        injection: decides.
    """

    def __init__(self, session: Session, injection: Injection) -> None:
        self._session = session
        self._injection = injection
        self._timers: list[asyncio.TimerHandle] = []

    def reach(self, moment: Moment) -> None:
        """Let happen what happens at this moment."""
        for fault in self._injection.strike(moment, SessionFault):
            if fault.after:
                self._timers.append(asyncio.get_running_loop().call_later(fault.after, self._suffer, fault))
            else:
                self._suffer(fault)
        if moment != "opening":  # whose faults the socket meets itself
            self._reach_socket(moment)

    def end(self) -> None:
        """Let nothing happen any more."""
        for timer in self._timers:
            timer.cancel()

    def _reach_socket(self, moment: Moment) -> None:
        connection = self._session.connection
        faults = self._injection.strike(moment, SocketFault)
        if connection is not None and faults:
            self._session.flush()
            for fault in faults:
                connection.suffer(fault)

    def _suffer(self, fault: SessionFault) -> None:
        session = self._session
        match fault:
            case Unready():
                session.connect_delay += math.inf if fault.seconds is None else fault.seconds
            case Mute():
                session.mute()
            case Deaf():
                session.protocol.is_deaf = True
            case End():
                session.end(fault.reason)
            case NeverJoins():
                session.room.stay_away()
            case Leaves():
                session.room.vanish()
            case Frozen():
                session.room.freeze()
            case Unpublished():
                session.room.unpublish()
