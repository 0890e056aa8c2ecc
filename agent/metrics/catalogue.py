"""All metrics of the service. docs/operations.md has the table of them, and the alerts that use them.

Labels have few values, which are listed here or in `labels.py`; none is a name, a room, a text or an address.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import Counter, Gauge, Histogram

PREFIX = "liveavatar_agent_"

# Upper bounds of buckets in seconds: for waits within a turn, and for waits at the start of a call.
_OF_A_TURN = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
_OF_A_JOIN = (0.25, 0.5, 1.0, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0)


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric as it is documented.

    Attributes:
        name: Its name in Prometheus.
        kind: `counter`, `gauge` or `histogram`.
        labels: Names of its labels.
        text: Its description.
    """

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str


METRICS: list[Metric] = []


def _counter(name: str, text: str, *labels: str) -> Counter:
    METRICS.append(Metric(f"{PREFIX}{name}_total", "counter", labels, text))
    return Counter(f"{PREFIX}{name}", text, labels)


def _gauge(name: str, text: str, *labels: str) -> Gauge:
    METRICS.append(Metric(f"{PREFIX}{name}", "gauge", labels, text))
    # The sum over the living processes: a killed job no longer counts.
    return Gauge(f"{PREFIX}{name}", text, labels, multiprocess_mode="livesum")


def _histogram(name: str, text: str, buckets: Sequence[float], *labels: str) -> Histogram:
    METRICS.append(Metric(f"{PREFIX}{name}", "histogram", labels, text))
    return Histogram(f"{PREFIX}{name}", text, labels, buckets=buckets)


# Calls. Counted in the job processes.
CALLS_ACTIVE = _gauge("calls_active", "Calls that run now.")
CALLS_STARTED = _counter("calls_started", "Calls whose job has begun.")
CALLS_ENDED = _counter("calls_ended", "Calls that have ended properly, by the reason in the log.", "reason")
JOIN_TO_FRAME = _histogram(
    "join_to_first_frame_seconds",
    "Seconds from the first caller's join until the avatar's video is in the room; 0 if the avatar came first.",
    _OF_A_JOIN,
)
JOIN_TO_WORD = _histogram(
    "join_to_first_word_seconds", "Seconds from the first caller's join until the agent's first word.", _OF_A_JOIN
)

# Turns
RESPONSE = _histogram(
    "response_seconds",
    "Seconds from the end of the caller's speech, or from another request, until the agent is heard.",
    _OF_A_TURN,
    "by",
)
TURN_STAGE = _histogram(
    "turn_stage_seconds",
    "Seconds that a turn spent on the way to a stage, since the stage before it; the first is the transcript.",
    _OF_A_TURN,
    "stage",
)
BARGE_IN = _histogram(
    "barge_in_seconds",
    "Seconds from the caller's voice over the agent's until the agent is interrupted; the avatar takes 0.4 s more.",
    _OF_A_TURN,
)

# The avatar
SINK_SECONDS = _counter(
    "sink_seconds", "Seconds of calls with a caller, by the sink that can speak: avatar, fallback or silent.", "sink"
)
SESSIONS_STARTED = _counter("avatar_sessions_started", "Sessions that LiveAvatar has started.")
SESSIONS_STOPPED = _counter("avatar_sessions_stopped", "Sessions whose stop LiveAvatar has confirmed.")
STOPS_FAILED = _counter(
    "avatar_stops_failed", "Stops that LiveAvatar did not confirm; each is retried, by the call or by the sweeper."
)
SESSIONS_LEFT = _counter("avatar_sessions_left", "Sessions that a call has stopped using, by reason.", "reason")
CONNECTIONS_LOST = _counter("avatar_connections_lost", "WebSockets of sessions that were lost; another is opened.")

# Vendors
VENDOR_ERRORS = _counter(
    "vendor_errors",
    "Failed requests to vendors, including those that succeeded at another attempt.",
    "vendor",
    "status",
)

# The account and the page. Counted in the worker's own process, or in the page's.
SLOTS_USED = _gauge(
    "avatar_slots_used",
    "Sessions in the journal of this machine or of the fleet, by state: made, started, or stopping. "
    "Each takes a slot of the account.",
    "state",
)
SLOTS = _gauge("avatar_slots", "Slots of the account, by AVATAR_SLOTS; 0 if unknown.")
CREDITS_LEFT = _gauge("credits_left", "The account's balance, read every five minutes.", "account")
REQUESTS = _counter("web_requests", "Requests to the page's port, by route and status.", "route", "status")
CALLS_REFUSED = _counter("calls_refused", "Requests for a call that were answered with an error, by reason.", "reason")
