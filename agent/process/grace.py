"""How long a worker that has to end may wait for its calls."""

from agent.settings import Settings

# Seconds for a call that has to end to say its goodbye and to stop the avatar's session. The deadlines of these
# steps add up to 22.5 (agent/call/call.py); it usually takes the length of the goodbye and two more.
CALL_END = 25


def drain_timeout(settings: Settings) -> int:
    """Return the seconds to wait for calls to end by themselves: with STOP_GRACE, what is left before they have to."""
    if settings.stop_grace is None:
        return settings.drain_timeout
    return min(settings.drain_timeout, max(0, settings.stop_grace - CALL_END))
