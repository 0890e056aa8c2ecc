"""The attributes and the name of the agent's participant, which only this module sets."""

from livekit import rtc

from agent.control.outbox import Outbox

# Version of the control protocol.
VERSION = "1"

ATTRIBUTES = {
    "control": f"`{VERSION}`: the version of this protocol. The participant that has it is the agent",
    "stand_ins": "vendors that are stand-ins, separated by commas; empty when all are real",
    "avatar": "`starting`, `live`, or `voice only: ` and a sentence for the caller",
    "avatar_identity": "the avatar's participant; it changes with each new session of the avatar",
    "input": "`open` or `push_to_talk`: the mode of the linked caller",
    "persona": "the present persona",
    "personas": "the personas to choose from, separated by commas",
    "ends_at": "ISO 8601; set when the end of the call is announced",
    "lk.agent.state": "the framework's own: `initializing`, `idle`, `listening`, `thinking` or `speaking`",
}


class Attributes:
    """Sets attributes one after the other. If one changes faster than it can be set, only its last value is sent.

    Args:
        room: The agent's room.
    """

    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._outbox: Outbox[None] = Outbox(self._send, most=1)
        self._known: dict[str, str] = {}
        self._untold: dict[str, str] = {}
        self._name = ""
        self._told_name = ""

    def start(self) -> None:
        """Begin, in a connected room. After a reconnect everything is set again."""
        self._room.on("reconnected", self._tell_again)
        self._outbox.start()

    def tell(self, **attributes: str) -> None:
        """Set some of `ATTRIBUTES`, soon."""
        self._untold |= {name: value for name, value in attributes.items() if self._known.get(name) != value}
        self._known |= attributes
        self._outbox.put(None)

    def rename(self, name: str) -> None:
        """Set the participant's name, soon."""
        self._name = name
        self._outbox.put(None)

    async def aclose(self) -> None:
        """Set what is left, for two seconds at most, and stop."""
        await self._outbox.aclose()

    def _tell_again(self) -> None:
        self._untold = dict(self._known)
        self._told_name = ""
        self._outbox.put(None)

    async def _send(self, _: None) -> None:
        participant = self._room.local_participant
        if (name := self._name) != self._told_name:
            await participant.set_name(name)
            self._told_name = name
        attributes, self._untold = self._untold, {}
        if not attributes:
            return
        try:
            await participant.set_attributes(attributes)
        except Exception:
            self._untold = attributes | self._untold
            raise
