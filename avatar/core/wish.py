"""Whether the call wants an avatar: a state machine that is a table."""

from enum import Enum


class Wish(Enum):
    """What the call wants."""

    ENGAGED = "an avatar"
    RELEASED = "no avatar for now"
    GONE = "an avatar, and there can't be one"
    CLOSED = "nothing any more"


class WishTrigger(Enum):
    """What changes the wish of the call."""

    ENGAGE = "engage"
    RELEASE = "release"
    GIVE_UP = "no further session is possible"
    CLOSE = "close"


_W, _T = Wish, WishTrigger

WISH_TRANSITIONS: dict[Wish, dict[WishTrigger, Wish]] = {
    _W.ENGAGED: {_T.RELEASE: _W.RELEASED, _T.GIVE_UP: _W.GONE, _T.CLOSE: _W.CLOSED},
    _W.RELEASED: {_T.ENGAGE: _W.ENGAGED, _T.GIVE_UP: _W.GONE, _T.CLOSE: _W.CLOSED},
    _W.GONE: {_T.ENGAGE: _W.ENGAGED, _T.GIVE_UP: _W.GONE, _T.CLOSE: _W.CLOSED},
    _W.CLOSED: {_T.GIVE_UP: _W.CLOSED},
}


class Wishes:
    """What the call wants now."""

    def __init__(self) -> None:
        self.state = Wish.ENGAGED

    @property
    def wants_avatar(self) -> bool:
        """True while the call wants an avatar, and there can be one."""
        return self.state is Wish.ENGAGED

    def apply(self, trigger: WishTrigger) -> bool:
        """Move along the table; False if the table has no such move, and nothing changes."""
        if trigger not in WISH_TRANSITIONS[self.state]:
            return False
        self.state = WISH_TRANSITIONS[self.state][trigger]
        return True
