"""The time for which a worker that must end may wait for its calls."""

from agent.settings import Settings

# Seconds for a call that must end to say its goodbye and to stop the avatar's session. The deadlines of these
# steps add up to 22.5 s (agent/call/call.py); usually it takes 2 s longer than the goodbye.
CALL_END = 25


def drain_timeout(settings: Settings) -> int:
    """Return the seconds to wait for calls to end by themselves; with STOP_GRACE, at most STOP_GRACE less CALL_END."""
    if settings.stop_grace is None:
        return settings.drain_timeout
    return min(settings.drain_timeout, max(0, settings.stop_grace - CALL_END))
