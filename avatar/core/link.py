"""The connection to the service, as far as the core must know it: a table again."""

from enum import Enum


class Link(Enum):
    """Whether commands may leave."""

    AWAY = "away"
    """There is no connection."""
    OPENING = "opening"
    """There is one, and the service still drops every command (LITE mode, "Events")."""
    READY = "ready"
    """The service said `connected`."""
    CLOSED = "closed"
    """For good: what is captured from now on is never played."""


class Change(Enum):
    """What moves a link."""

    OPENED = "connection opened"
    CONNECTED = "service says connected"
    LOST = "connection lost"
    CLOSED = "given up"


LINKS: dict[Link, dict[Change, Link]] = {
    Link.AWAY: {Change.OPENED: Link.OPENING, Change.LOST: Link.AWAY, Change.CLOSED: Link.CLOSED},
    Link.OPENING: {Change.CONNECTED: Link.READY, Change.LOST: Link.AWAY, Change.CLOSED: Link.CLOSED},
    Link.READY: {Change.CONNECTED: Link.READY, Change.LOST: Link.AWAY, Change.CLOSED: Link.CLOSED},
    Link.CLOSED: {Change.LOST: Link.CLOSED, Change.CLOSED: Link.CLOSED},
}
