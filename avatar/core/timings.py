"""How long to wait for the service, and what is done how often."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """Waits in seconds, and limits. Numbers in brackets are field observations."""

    # One session

    connected: float = 2.5
    """From an open socket to `connected`, which may come late or never; then the session counts as ready (32, 35)."""
    connected_again: float = 0.3
    """The same on a later socket of a session that was ready: it is not told `connected` again (36)."""
    tracks: float = 1.0
    """From `connected` to the avatar in the room: speech before its tracks were there was lost once (33)."""
    join: float = 15.0
    """From the start of a session to its avatar in the room; 5.8 s were seen (76)."""
    reconnect: float = 15.0
    """For the sockets of a session to come back; then the session is given up."""
    stable: float = 5.0
    """A socket that held for so long was no failed attempt."""
    keep_alive: float = 60.0
    """Without a command, before `session.keep_alive`; the service ends an idle session after 5 minutes."""
    linger: float = 1.2
    """From the last word that was played to the stop: sound and picture arrive up to 1.1 s later (45)."""
    tail: float = 0.45
    """From an interrupt to silence in the room: 0.4 s (54)."""

    # Speech

    first_speech: float = 6.0
    """For the start of a session's first utterance: 3 s were seen, and lags up to 5 s (44)."""
    speech: float = 4.0
    """For the start of a later one: 0.2 to 0.84 s were seen (43)."""
    end: float = 2.0
    """For the end, after the clock has come to it."""
    interrupt: float = 1.0
    """For the confirmation of an interrupt: 0.19 s were seen (54)."""
    fallback: float = 0.8
    """Without an avatar that takes commands, before the fallback track speaks: time for a quick reconnect."""
    first_fallback: float = 10.0
    """The same while the first session starts."""
    drop: float = 18.0
    """Speech that no sink takes is reported as not heard after this."""

    # Sessions

    start: float = 60.0
    """For a session to start: the executor has limits of its own, 30 s for each of two calls (3)."""
    abandoned: float = 3.0
    """At the end of a call, for a start that is on its way: a start that a stop has overtaken would run on."""
    stop: float = 12.0
    """For a stop; the executor's own limit is 8 s."""
    action: float = 8.0
    """For any other action."""
    retry: float = 2.0
    """Before an action that failed is tried again."""
    proven: float = 30.0
    """A session that ran for so long was no failure, whatever ended it."""
    rotate: float = 15.0
    """Before a session's end its successor is started: a start takes 1.4 to 3.7 s (2), and has had bad days (3)."""
    last_moment: float = 2.0
    """Before a session's end it is left, also in the middle of a segment: at its limit it cuts speech (69)."""
    shortest: float = 8.0
    """A shorter session has no successor prepared: there would be no time to try it."""
    slot_frees: float = 12.0
    """After our own stop the slot is expected to become free: up to 6 s were waited for in the field (63)."""
    own_slot: float = 0.5
    """Between two attempts while our own slot becomes free."""
    other_slot: float = 2.0
    """Between two attempts while the sessions of others use all slots; it grows to five times that."""
    room_closes: float = 0.3
    """After a loss, before the next session: in a room that is being closed everybody leaves, the agent last."""
    failures: tuple[float, ...] = (0.0, 3.0, 6.0, 12.0, 30.0, 60.0, 120.0)
    """Before the next session after the first, second, ... failure in a row: each failure was paid for."""
    refusals: tuple[float, float] = (0.5, 60.0)
    """Before the next attempt after an answer that was no session: doubled each time, up to the second number."""
    purchases: int = 20
    """Sessions that may be started within `purchase_window`; sandbox sessions of a minute take 13 in ten minutes."""
    purchase_window: float = 600.0
