"""The reasons why the service gives no session, as far as they decide what to do next."""

from enum import Enum


class Refusal(Enum):
    """The kinds of answers to a request for a session that are not a session."""

    # The account's sessions are all in use: a stopped one frees its slot, after a while.
    NO_SLOT = "no_slot"
    # The account has no credits left: a person has to buy some.
    NO_CREDITS = "no_credits"
    # Too many calls in a short time: the answer may say when to ask again.
    RATE_LIMITED = "rate_limited"
    # The key or the token is refused: a person has to replace it.
    UNAUTHORIZED = "unauthorized"
    # Something in the request is refused: asking for the same again is useless.
    INVALID = "invalid"
    # No usable answer: the network, a time-out, or a fault of the service. A session may have been started.
    UNREACHABLE = "unreachable"
    # The only session that the room can have is over.
    ROOM_GONE = "room_gone"
