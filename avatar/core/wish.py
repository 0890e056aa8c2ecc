"""Whether the call wants an avatar: a state machine as a table."""

from enum import Enum


class Wish(Enum):
    """The states of the call's wish."""

    ENGAGED = "an avatar"
    RELEASED = "no avatar for now"
    GONE = "an avatar, and there can't be one"
    CLOSED = "nothing any more"


class WishTrigger(Enum):
    """The triggers of the wish's transitions."""

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
    """The current wish of the call."""

    def __init__(self) -> None:
        self.state = Wish.ENGAGED

    @property
    def wants_avatar(self) -> bool:
        """True while the call wants an avatar, and one is possible."""
        return self.state is Wish.ENGAGED

    def apply(self, trigger: WishTrigger) -> bool:
        """Make a transition of the table; return False, and change nothing, if the table has none."""
        if trigger not in WISH_TRANSITIONS[self.state]:
            return False
        self.state = WISH_TRANSITIONS[self.state][trigger]
        return True
