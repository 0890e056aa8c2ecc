"""How long to wait for the service."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """How long to wait for the service, in seconds."""

    connected: float = 10.0
    """For `connected` after the connection is open. Clients in the field wait 10 to 15 s."""
    start: float = 3.0
    """For a sign of speech after audio was handed over; 0.2 s have been seen, and a second by another user."""
    end: float = 2.0
    """For the end, after the clock has come to it."""
    voice: float = 0.5
    """Without a connection, before the voice speaks in the avatar's place: time for a quick reconnect."""
    hope: float = 30.0
    """Without a connection or a voice, before what is to be said is dropped."""
    interrupt: float = 1.0
    """For the confirmation of an interrupt; about 0.2 s have been seen."""
    keep_alive: float = 60.0
    """Without a command, before `session.keep_alive`; the service ends an idle session after 5 minutes."""
