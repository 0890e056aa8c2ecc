"""The core with a shell around it that opens voices, reconnects and lets go: nothing is dropped but by an interrupt."""

from dataclasses import dataclass

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from avatar.core import Mouth, MouthChanged, SpeechLost, VoiceNeeded
from tests.avatar.core.service import BYTES_PER_SECOND, Dialect
from tests.avatar.core.test_invariants import DIALECTS, SPEECH, Action, act
from tests.avatar.core.world import World

VOICE_OPENS_AFTER = 0.3
RECONNECTS_AFTER = 1.1

COMINGS: st.SearchStrategy[Action] = st.one_of(
    st.tuples(st.just("drop"), st.sampled_from([0.1, 0.55, 0.7, 0.9, 1.2, 3.0, 20.0])),
    st.tuples(st.sampled_from(["release", "engage", "interrupt"]), st.just(0.0)),
    st.tuples(st.just("run"), st.sampled_from([0.3, 0.6, 35.0])),
)
STORIES = st.lists(st.one_of(SPEECH, SPEECH, COMINGS), max_size=18)


@dataclass
class Attended(World):
    """Opens the voice a little after it is needed, closes it when the avatar is back, connects again when told."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.is_wanted = True
        self.both = False
        self._seen = 0
        self._opens_at: float | None = None
        self._back_at: float | None = None

    @property
    def is_away(self) -> bool:
        return self._back_at is not None or not self.is_wanted

    def drop(self, seconds: float) -> None:
        """The connection is lost, for so long."""
        self.lose_connection()
        self._back_at = self.now + seconds

    def release(self) -> None:
        """The avatar is let go of, as `Recovery.release` does it."""
        if self.is_wanted:
            self.is_wanted, self._back_at = False, None
            self.lose_connection()
            self.core.expect_avatar(self.now, self.now)
            self.run(0.0)

    def engage(self) -> None:
        """The avatar is wanted again."""
        if not self.is_wanted:
            self.is_wanted, self._back_at = True, self.now + RECONNECTS_AFTER

    def _next_at(self) -> float | None:
        own = (self._opens_at, self._back_at if self.is_wanted else None)
        return min((at for at in (super()._next_at(), *own) if at is not None), default=None)

    def _turn(self) -> None:
        super()._turn()
        self.both |= self.service.talking and self.voice.talking
        while self._seen < len(self.events):
            self._attend(self.events[self._seen])
            self._seen += 1
        if self._opens_at is not None and self._opens_at <= self.now:
            self._opens_at = None
            self.open_voice()
        if self.is_wanted and self._back_at is not None and self._back_at <= self.now:
            self._back_at = None
            self.connect()

    def _attend(self, event: object) -> None:
        match event:
            case VoiceNeeded() if not self.has_voice:
                self._opens_at = self.now + VOICE_OPENS_AFTER
            case MouthChanged(Mouth.AVATAR) if self.has_voice:
                self.close_voice()
            case SpeechLost():
                self.drop(RECONNECTS_AFTER)


def told(story: list[Action], dialect: Dialect) -> Attended:
    """Play a story to its end, at which the avatar is wanted."""
    world = Attended(dialect)
    world.connect()
    for name, seconds in story:
        if name == "drop":
            world.drop(seconds)
        elif name in {"release", "engage"}:
            getattr(world, name)()
        else:
            act(world, (name, seconds))
    world.engage()
    world.flush()
    world.settle(limit=200.0)
    return world


@settings(max_examples=150, deadline=None)
@given(STORIES, DIALECTS)
@example([("release", 0.0), ("run", 35.0), ("say", 1.0)], Dialect.FULL)
@example([("say", 3.0), ("drop", 0.7), ("run", 0.6), ("say", 3.0), ("run", 1.0), ("release", 0.0)], Dialect.FULL)
def test_nothing_is_dropped_that_nobody_interrupted(story: list[Action], dialect: Dialect) -> None:
    """However long nobody was there, and whoever was let go of: all that is reported as played was heard, once."""
    world = told(story, dialect)

    assert [event.segment for event in world.finished] == list(range(1, len(world.captured) + 1))
    assert not world.both
    if "interrupt" not in [name for name, _ in story]:
        assert not [event for event in world.finished if event.interrupted]
    expected = sum(2 * round(event.position * BYTES_PER_SECOND / 2) for event in world.finished)
    assert len(world.heard) == pytest.approx(expected, abs=2 * 2 * (len(story) + 6) + 4)


def test_a_quiet_time_without_anybody_takes_nothing_from_what_is_said_then() -> None:
    """What is said after half a minute waits for its voice as long as what is said at once."""
    world = Attended()
    world.connect()
    world.release()
    world.run(60.0)
    world.say(2.0)
    world.flush()
    world.settle()

    assert [(event.position, event.interrupted) for event in world.finished] == [(2.0, False)]
    assert world.voice.utterances[0].heard == bytes(world.captured[0])


def test_speech_for_which_nobody_comes_is_dropped_and_so_is_what_follows() -> None:
    """The first waits for half a minute; the next ones do not hold the conversation up."""
    world = World()  # nobody opens a voice
    world.connect()
    world.lose_connection()
    world.run(60.0)
    world.say(1.0)
    world.flush()
    world.run(29.0)
    assert world.finished == []

    world.run(2.0)
    assert [event.position for event in world.finished] == [0.0]
    world.say(1.0)
    world.flush()
    assert [event.position for event in world.finished] == [0.0, 0.0]


def test_a_voice_that_comes_too_late_is_told_to_go() -> None:
    """The avatar was back sooner: nobody else would close the voice, and it would stay published."""
    world = World()
    world.connect()
    world.say(3.0)
    world.flush()
    world.run(1.0)
    world.lose_connection()
    world.run(0.6)
    world.connect()
    world.open_voice()

    assert VoiceNeeded() in world.events
    assert MouthChanged(Mouth.AVATAR) in world.events


def test_after_the_end_no_voice_is_needed() -> None:
    """What is captured then is finished, not said."""
    world = World()
    world.core.expect_avatar(0.0, 0.0)
    world.core.close(world.now)
    world.say(1.0)
    world.run(5.0)
    world.flush()

    assert VoiceNeeded() not in world.events
    assert [event.interrupted for event in world.finished] == [True]


def test_the_avatar_is_silent_where_its_speech_is() -> None:
    """A pause that the voice makes is not one of the avatar's track."""
    world = World()
    world.connect()
    world.say(1.0)
    world.core.push_audio(bytes(3 * BYTES_PER_SECOND), world.now)
    world.say(1.0)
    sounds = []
    for _ in range(5):
        world.run(1.0)
        sounds.append(world.core.avatar_sounds(world.now))
    world.flush()
    world.run(2.0)

    assert sounds == [True, True, False, False, True]
    assert not world.core.avatar_sounds(world.now)
