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
    from simulators.liveavatar.faulty_room import FaultyRoom
    from simulators.liveavatar.model import Session
    from simulators.liveavatar.service import Service


class Trouble:
    """Brings about the faults of a session at each moment.

    Args:
        session: The session.
        service: Drives the model.
        injection: Decides which faults strike.
    """

    def __init__(self, session: Session, service: Service, injection: Injection) -> None:
        self._session = session
        self._service = service
        self._injection = injection

    def reach(self, moment: Moment) -> None:
        """Bring about the faults of this moment."""
        for fault in self._injection.strike(moment, SessionFault):
            if fault.after:
                asyncio.get_running_loop().call_later(fault.after, self._suffer_later, fault)
            else:
                self._suffer(fault)
        if moment != "opening":  # the socket checks the faults of its opening itself
            for socket_fault in self._injection.strike(moment, SocketFault):
                self._service.model.strike(self._session.id, socket_fault)

    def _suffer_later(self, fault: SessionFault) -> None:
        if self._session.is_running:
            self._suffer(fault)
            self._service.pump()

    def _suffer(self, fault: SessionFault) -> None:
        model, now = self._service.model, self._service.clock.now
        match fault:
            case Unready():
                self._session.unready_until = now + (math.inf if fault.seconds is None else fault.seconds)
            case Mute():
                model.mute(self._session.id, now)
            case Deaf() if self._session.conversation is not None:
                self._session.conversation.is_deaf = True
            case End():
                model.end(self._session.id, fault.reason, now)
            case _:
                _suffer_in_room(self._service.performance(self._session).room, fault)


def _suffer_in_room(room: FaultyRoom, fault: SessionFault) -> None:
    match fault:
        case NeverJoins():
            room.stay_away()
        case Leaves():
            room.vanish()
        case Frozen():
            room.freeze()
        case Unpublished():
            room.unpublish()
