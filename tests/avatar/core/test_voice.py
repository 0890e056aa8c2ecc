"""The voice that speaks while there is no avatar: what was not played goes on, and never both speak."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from avatar.core import Connected, Mouth, MouthChanged, PlaybackFinished, VoiceNeeded
from tests.avatar.core.service import BYTES_PER_SECOND, Dialect
from tests.avatar.core.test_invariants import BREAKS, DIALECTS, SPEECH, Action, act
from tests.avatar.core.world import World

AWAY: st.SearchStrategy[Action] = st.tuples(
    st.sampled_from(["go away", "come back", "voice", "no voice"]), st.just(0.0)
)
STORIES = st.lists(st.one_of(SPEECH, SPEECH, BREAKS.filter(lambda action: "stick" not in action[0]), AWAY), max_size=25)


class Watched(World):
    """A world in which somebody listens whether two speak at once."""

    both = False

    def _turn(self) -> None:
        super()._turn()
        self.both |= self.service.talking and self.voice.talking


def told(story: list[Action], dialect: Dialect) -> Watched:
    """Play a story in which avatar and voice come and go, to its end with the avatar there."""
    world = Watched(dialect)
    world.connect()
    for name, seconds in story:
        if name == "go away":
            world.lose_connection()
        elif name in {"come back", "lose"}:
            world.lose_connection()
            world.connect()
        elif name == "voice":
            world.open_voice()
        elif name == "no voice":
            world.close_voice()
        else:
            act(world, (name, seconds))
    world.resume()
    world.flush()
    world.lose_connection()
    world.connect()
    world.settle(limit=200.0)
    return world


@settings(max_examples=150, deadline=None)
@given(STORIES, DIALECTS)
def test_whoever_speaks_every_segment_is_finished_once_and_none_speak_together(
    story: list[Action], dialect: Dialect
) -> None:
    """Avatar and voice come and go; each segment ends once, in order, and there is one mouth at a time."""
    world = told(story, dialect)

    assert [event.segment for event in world.finished] == list(range(1, len(world.captured) + 1))
    assert not world.both


@settings(max_examples=150, deadline=None)
@given(STORIES, DIALECTS)
def test_nothing_is_lost_or_said_twice_between_mouths(story: list[Action], dialect: Dialect) -> None:
    """What avatar and voice have said together is what was reported, to the sample for each change."""
    world = told(story, dialect)

    expected = sum(2 * round(event.position * BYTES_PER_SECOND / 2) for event in world.finished)
    assert len(world.heard) == pytest.approx(expected, abs=2 * 2 * (len(story) + 3) + 4)


def lost_in_mid_sentence() -> World:
    """A world whose connection is lost after one of three seconds."""
    world = World()
    world.connect()
    world.say(3.0)
    world.flush()
    world.run(1.2)
    world.lose_connection()
    return world


def test_the_voice_goes_on_where_the_avatar_was() -> None:
    """Half a second after the connection is lost a voice is asked for, and says the rest."""
    world = lost_in_mid_sentence()
    world.run(0.49)
    assert VoiceNeeded() not in world.events

    world.run(0.02)
    assert world.events.count(VoiceNeeded()) == 1

    world.open_voice()
    world.settle()
    assert world.finished == [PlaybackFinished(1, 3.0, interrupted=False)]
    assert world.heard == bytes(world.captured[0])
    assert [len(utterance.heard) for utterance in world.voice.utterances] == [2 * BYTES_PER_SECOND]


def test_nobody_asks_for_a_voice_while_there_is_nothing_to_say() -> None:
    """A connection that is lost in silence is nobody's loss."""
    world = World()
    world.connect()
    world.lose_connection()
    world.run(60.0)

    assert VoiceNeeded() not in world.events


def test_the_avatar_comes_back_between_segments() -> None:
    """What the voice has begun it says to its end; the next segment has a face again."""
    world = lost_in_mid_sentence()
    world.open_voice()
    world.run(1.0)
    world.connect()
    world.settle()
    world.say(1.0)
    world.flush()
    world.settle()

    assert [event.mouth for event in world.events if isinstance(event, MouthChanged)] == [Mouth.VOICE, Mouth.AVATAR]
    assert world.service.utterances[-1].heard == bytes(world.captured[1])
    assert len(world.finished) == 2


def test_the_voice_pauses_and_is_interrupted_as_the_avatar_is() -> None:
    """A pause silences it, resume goes on, and a barge-in reports what it has played."""
    world = lost_in_mid_sentence()
    world.open_voice()
    world.run(1.0)  # half a second is waited for the avatar
    world.pause()
    world.run(5.0)
    world.resume()
    world.run(0.5)
    world.interrupt()
    world.run(0.0)

    assert [event.interrupted for event in world.finished] == [True]
    assert [event.position for event in world.finished] == [pytest.approx(2.0)]
    assert not world.voice.talking


def test_a_voice_that_goes_leaves_its_rest_to_the_avatar() -> None:
    """However the mouths change, nothing is lost."""
    world = lost_in_mid_sentence()
    world.open_voice()
    world.run(1.0)
    world.close_voice()
    world.connect()
    world.settle()

    assert world.finished == [PlaybackFinished(1, 3.0, interrupted=False)]
    assert world.heard == bytes(world.captured[0])


def test_before_the_first_connection_the_voice_waits_as_long_as_it_is_told() -> None:
    """An avatar that is on its way is waited for; one that will not come is not."""
    world = World()
    world.core.expect_avatar(10.0, 0.0)
    world.open_voice()
    world.say(1.0)
    world.flush()
    world.run(9.0)
    assert world.voice.utterances == []

    world.core.expect_avatar(world.now, world.now)
    world.settle()
    assert world.finished == [PlaybackFinished(1, 1.0, interrupted=False)]


def test_what_was_missed_of_the_avatar_is_said_again() -> None:
    """Its track froze after a second, and it goes on to say that it speaks: the voice goes on where it froze."""
    world = World()
    world.connect()
    world.say(5.0)
    world.flush()
    world.run(1.2)
    froze_at = world.now
    world.run(3.0)
    world.core.avatar_missed(froze_at, world.now)
    world.lose_connection()
    world.open_voice()
    world.settle()

    assert world.finished == [PlaybackFinished(1, 5.0, interrupted=False)]
    assert world.voice.utterances[0].heard == bytes(world.captured[0])[BYTES_PER_SECOND:]


def test_an_avatar_that_is_silent_is_not_missed() -> None:
    """A track carries nothing while there is nothing to say."""
    world = World()
    world.connect()
    world.core.avatar_missed(0.0, world.now)

    assert world.core.next_timeout() is not None
    assert world.events == [Connected()]
