"""Waits for the service, and limits."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timings:
    """Waits in seconds, and limits. Numbers in brackets are field observations."""

    # One session

    # From an open socket to `connected`, which may come late or never; then the session counts as ready (32, 35).
    connected: float = 2.5
    # The same on a later socket of a session that was ready: the service does not send `connected` again (36).
    connected_again: float = 0.3
    # From `connected` to the avatar in the room: speech before its tracks were there was lost once (33).
    tracks: float = 1.0
    # From the start of a session to its avatar in the room; 5.8 s were seen (76).
    join: float = 15.0
    # For a socket of a session to be open again; then the session is given up.
    reconnect: float = 15.0
    # A socket that stayed open for so long does not count as a failed attempt.
    stable: float = 5.0
    # Without a command, before `session.keep_alive`; the service ends an idle session after 5 minutes.
    keep_alive: float = 60.0
    # From the last word that was played to the stop: sound and picture arrive up to 1.1 s later (45).
    linger: float = 1.2
    # From an interrupt to silence in the room: 0.4 s (54).
    tail: float = 0.45

    # Speech

    # For the start of a session's first utterance: 3 s were seen, and lags up to 5 s (44).
    first_speech: float = 6.0
    # For the start of a later one: 0.2 to 0.84 s were seen (43).
    speech: float = 4.0
    # For the end, after the clock has reached it.
    end: float = 2.0
    # For the confirmation of an interrupt: 0.19 s were seen (54).
    interrupt: float = 1.0
    # Without an avatar that takes commands, before the fallback track speaks: time for a quick reconnect.
    fallback: float = 0.8
    # The same while the first session starts.
    first_fallback: float = 10.0
    # Speech that no sink takes is reported as not heard after this. A sink that takes it then may need `first_speech`:
    # so speech is heard or reported within 20 s.
    drop: float = 14.0

    # Sessions

    # For a session to start: the executor has limits of its own, 30 s for each of two calls (3).
    start: float = 60.0
    # At the end of a call, for a start that is on its way: if a stop overtook it, the session would keep running.
    abandoned: float = 3.0
    # For a stop; the executor's own limit is 8 s.
    stop: float = 12.0
    # For any other action.
    action: float = 8.0
    # Before an action that failed is tried again.
    retry: float = 2.0
    # A session that ran for so long does not count as a failure, whatever ended it.
    proven: float = 30.0
    # From the start of a successor to the session's end: a start takes 1.4 to 3.7 s (2), on bad days longer (3).
    rotate: float = 15.0
    # From leaving a session, also in the middle of a segment, to its end: at its limit it cuts speech (69).
    last_moment: float = 2.0
    # No successor is prepared for a shorter session: there would be no time to try it.
    shortest: float = 8.0
    # For a slot to become free after our own stop: up to 6 s were seen in the field (63).
    slot_frees: float = 12.0
    # Between two attempts while our own slot is becoming free.
    own_slot: float = 0.5
    # Between two attempts while the sessions of others use all slots; it grows to five times that.
    other_slot: float = 2.0
    # After a loss, before the next session: in a room that is being closed everybody leaves, the agent last.
    room_closes: float = 0.3
    # Before the next session after the first, second, ... failure in a row: each failure was paid for.
    failures: tuple[float, ...] = (0.0, 3.0, 6.0, 12.0, 30.0, 60.0, 120.0)
    # Before the next attempt after a refusal: doubled each time, up to the second number.
    refusals: tuple[float, float] = (0.5, 60.0)
    # Sessions that may be started within `purchase_window` seconds; one-minute sandbox sessions need 13 in ten minutes.
    purchases: int = 20
    purchase_window: float = 600.0
