"""The sinks that play the timeline: the avatar or the fallback track, never both. State machines as tables."""

from enum import Enum


class Sink(Enum):
    """A player of speech."""

    # A session of the service, with a face.
    AVATAR = "avatar"
    # An audio track that the agent publishes itself.
    FALLBACK = "fallback track"


class Floor(Enum):
    """The states of the floor: which sink plays now."""

    # Speech waits for a sink.
    EMPTY = "no sink"
    # Speech has waited for too long: captured speech is reported as not heard until there is a sink.
    DROPPING = "no sink, speech is dropped"
    AVATAR = "avatar"
    FALLBACK = "fallback track"
    # For good: captured speech is reported as not heard.
    CLOSED = "closed"


class FloorTrigger(Enum):
    """The triggers of the floor's transitions."""

    AVATAR = "avatar takes it"
    FALLBACK = "fallback track takes it"
    LOST = "sink is gone"
    WAITED = "speech has waited for too long"
    CLOSED = "closed"


_F, _FT = Floor, FloorTrigger

FLOOR_TRANSITIONS: dict[Floor, dict[FloorTrigger, Floor]] = {
    _F.EMPTY: {
        _FT.AVATAR: _F.AVATAR,
        _FT.FALLBACK: _F.FALLBACK,
        _FT.WAITED: _F.DROPPING,
        _FT.CLOSED: _F.CLOSED,
    },
    _F.DROPPING: {_FT.AVATAR: _F.AVATAR, _FT.FALLBACK: _F.FALLBACK, _FT.CLOSED: _F.CLOSED},
    _F.AVATAR: {_FT.LOST: _F.EMPTY, _FT.CLOSED: _F.CLOSED},
    _F.FALLBACK: {_FT.LOST: _F.EMPTY, _FT.CLOSED: _F.CLOSED},
    _F.CLOSED: {},
}


class Track(Enum):
    """The states of the fallback track."""

    ABSENT = "absent"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    # It could not be published, or was lost; it is tried again after a wait.
    FAILED = "failed"


class TrackTrigger(Enum):
    """The triggers of the fallback track's transitions."""

    WANTED = "wanted"
    PUBLISHED = "published"
    LOST = "lost"
    DISMISSED = "not wanted any more"


_R, _RT = Track, TrackTrigger

TRACK_TRANSITIONS: dict[Track, dict[TrackTrigger, Track]] = {
    _R.ABSENT: {_RT.WANTED: _R.PUBLISHING},
    _R.PUBLISHING: {_RT.PUBLISHED: _R.PUBLISHED, _RT.LOST: _R.FAILED, _RT.DISMISSED: _R.ABSENT},
    _R.PUBLISHED: {_RT.LOST: _R.FAILED, _RT.DISMISSED: _R.ABSENT},
    _R.FAILED: {_RT.WANTED: _R.PUBLISHING, _RT.DISMISSED: _R.ABSENT},
}


class Audibility(Enum):
    """The states of an avatar's sound for the others in the room: without a socket it can only be muted."""

    AUDIBLE = "audible"
    MUTING = "muting"
    MUTED = "muted"
    UNMUTING = "unmuting"


class MuteTrigger(Enum):
    """The triggers of changes to an avatar's audibility."""

    MUTE = "to be muted"
    UNMUTE = "to be heard"
    DONE = "done"
    FAILED = "failed"


_A, _MT = Audibility, MuteTrigger

MUTE_TRANSITIONS: dict[Audibility, dict[MuteTrigger, Audibility]] = {
    _A.AUDIBLE: {_MT.MUTE: _A.MUTING},
    _A.MUTING: {_MT.DONE: _A.MUTED, _MT.FAILED: _A.AUDIBLE},
    _A.MUTED: {_MT.UNMUTE: _A.UNMUTING},
    _A.UNMUTING: {_MT.DONE: _A.AUDIBLE, _MT.FAILED: _A.MUTED},
}
