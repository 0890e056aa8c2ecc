"""What holds for every segment, in every dialect, whatever happens in whatever order."""

import itertools
import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from avatar.core import AvatarProtocol, Interrupt, PlaybackFinished, Speak, SpeakEnd
from tests.avatar.core.service import BYTES_PER_SECOND, Dialect
from tests.avatar.core.world import CONNECTED, World

if TYPE_CHECKING:
    from collections.abc import Callable

Action = tuple[str, float]

DIALECTS = st.sampled_from(Dialect)
DELAYS = st.sampled_from([0.0, 0.01, 0.1])
SECONDS = st.floats(0.02, 3.0).map(lambda seconds: round(seconds, 2))
SPEECH: st.SearchStrategy[Action] = st.tuples(st.sampled_from(["say", "say", "say", "flush", "run", "run"]), SECONDS)
BREAKS: st.SearchStrategy[Action] = st.tuples(
    st.sampled_from(["interrupt", "flush and interrupt", "pause", "resume", "lose", "stick", "unstick"]), SECONDS
)
STORIES = st.lists(st.one_of(SPEECH, SPEECH, BREAKS), max_size=25)


def act(world: World, action: Action) -> None:
    """Carry out one action of a story."""
    name, seconds = action
    simple: dict[str, Callable[[], None]] = {
        "flush": world.flush,
        "interrupt": world.interrupt,
        "pause": world.pause,
        "resume": world.resume,
    }
    if name in simple:
        simple[name]()
    elif name == "say":
        world.say(seconds)
    elif name == "run":
        world.run(seconds)
    elif name == "flush and interrupt":
        world.flush()
        world.interrupt()
    elif name == "lose":
        world.lose_connection()
        world.connect()
    else:
        world.drains = name == "unstick"


def tell(story: list[Action], dialect: Dialect, delay: float) -> World:
    """Play a story to its end: everything flushed, resumed and sent."""
    world = World(dialect, delay)
    world.connect()
    for action in story:
        act(world, action)
    world.drains = True
    world.resume()
    world.flush()
    world.settle(limit=200.0)
    return world


@settings(max_examples=100, deadline=None)
@given(STORIES, DIALECTS, DELAYS)
def test_every_segment_is_finished_exactly_once(story: list[Action], dialect: Dialect, delay: float) -> None:
    """Each captured segment has one `PlaybackFinished`, in the order of capture."""
    world = tell(story, dialect, delay)

    assert [event.segment for event in world.finished] == list(range(1, len(world.captured) + 1))


@settings(max_examples=100, deadline=None)
@given(STORIES, DIALECTS, DELAYS)
def test_position_lies_within_the_segment(story: list[Action], dialect: Dialect, delay: float) -> None:
    """A position is never negative and never beyond what was captured; all of it when not interrupted."""
    world = tell(story, dialect, delay)

    for event in world.finished:
        duration = len(world.captured[event.segment - 1]) / BYTES_PER_SECOND
        assert 0 <= event.position <= duration
        assert event.interrupted or event.position == duration


@settings(max_examples=100, deadline=None)
@given(STORIES, DIALECTS, DELAYS)
def test_progress_adds_up_to_the_position(story: list[Action], dialect: Dialect, delay: float) -> None:
    """The runs of a segment follow one another without overlap and end at its position."""
    world = tell(story, dialect, delay)

    for event in world.finished:
        runs = [progress.run for progress in world.progressed if progress.segment == event.segment]
        for before, after in itertools.pairwise(runs):
            assert after.offset == pytest.approx(before.offset + before.duration, abs=1e-4)
            assert after.started_at >= before.started_at + before.duration - 1e-6
        end = runs[-1].offset + runs[-1].duration if runs else 0.0
        assert end == pytest.approx(event.position, abs=1e-3)


@settings(max_examples=100, deadline=None)
@given(STORIES, DIALECTS)
@example([("say", 1.0), ("run", 2.0), ("interrupt", 1.0), ("say", 0.5)], Dialect.TASK)
def test_nothing_is_lost_or_said_twice(story: list[Action], dialect: Dialect) -> None:
    """On a wire without delay, what was heard of a segment is what was captured of it, to the sample."""
    world = tell([action for action in story if action[0] != "stick"], dialect, 0.0)

    heard = world.heard
    expected = bytearray()
    for event in world.finished:
        pcm = world.captured[event.segment - 1]
        expected += pcm[: 2 * round(event.position * BYTES_PER_SECOND / 2)]
    assert len(heard) == pytest.approx(len(expected), abs=2 * 2 * len(story) + 4)
    if not any(event.interrupted for event in world.finished) and not any(
        name in {"pause", "lose"} for name, _ in story
    ):
        assert heard == expected


@settings(max_examples=100, deadline=None)
@given(STORIES, DIALECTS, DELAYS)
def test_nothing_of_a_dropped_speech_leaves(story: list[Action], dialect: Dialect, delay: float) -> None:
    """Between two interrupts there are commands of speeches begun in between, and of no other."""
    world = tell(story, dialect, delay)

    dead: set[str] = set()
    current: set[str] = set()
    for sent in world.sent:
        if isinstance(sent.command, Interrupt):
            dead |= current
            current = set()
        elif isinstance(sent.command, Speak | SpeakEnd):
            assert sent.command.event_id not in dead
            current.add(sent.command.event_id)


@settings(max_examples=100, deadline=None)
@given(STORIES, DIALECTS, DELAYS)
def test_speech_that_left_is_interrupted_or_ended(story: list[Action], dialect: Dialect, delay: float) -> None:
    """A speech of which a chunk has left has one `speak_end`, or an interrupt before the next one begins."""
    world = tell([action for action in story if action[0] != "lose"], dialect, delay)

    unended: str | None = None
    for sent in world.sent:
        match sent.command:
            case Speak(event_id):
                assert unended in {None, event_id}
                unended = event_id
            case SpeakEnd(event_id):
                assert unended == event_id
                unended = None
            case Interrupt():
                unended = None
    assert unended is None


@settings(max_examples=100, deadline=None)
@given(STORIES, DIALECTS)
def test_no_command_leaves_before_connected(story: list[Action], dialect: Dialect) -> None:
    """The service drops what it gets before it says `connected`: nothing is sent, and nothing is lost."""
    world = World(dialect)
    world.core.connection_opened(0.0)
    for action in story:
        if action[0] != "lose":
            act(world, action)

    assert world.sent == []


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(SPEECH, BREAKS.filter(lambda action: action[0] != "lose")), max_size=15))
def test_a_mute_service_finishes_every_segment(story: list[Action]) -> None:
    """With a service that takes everything and says nothing, each segment is finished all the same."""
    world = World()
    world.core.connection_opened(0.0)
    world.core.receive_text(CONNECTED, 0.0)
    world.service.receive = lambda *_: []  # type: ignore[method-assign] # it hears and says nothing
    for action in story:
        act(world, action)
    world.drains = True
    world.resume()
    world.flush()
    world.settle(limit=200.0)

    assert len(world.finished) == len(world.captured)


JUNK = st.one_of(
    st.text(max_size=20),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
        max_leaves=8,
    ).map(json.dumps),
    st.builds(
        lambda kind, state, source: json.dumps(
            {"type": kind, "state": state, "new_state": state, "source_event_id": source, "error": state}
        ),
        st.sampled_from(
            [
                "session.state_updated",
                "agent.state_updated",
                "agent.speak_started",
                "agent.speak_ended",
                "agent.audio_buffer_committed",
                "agent.audio_buffer_cleared",
                "agent.idle_started",
                "error",
                "warning",
            ]
        ),
        st.sampled_from(["idle", "talking", "connected", "", None, 7, {"type": "x"}, [1]]),
        st.sampled_from(["t-speech-1", "t-interrupt-2", "other", None, 3]),
    ),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.one_of(SPEECH, JUNK), max_size=25))
def test_garbage_changes_no_promise(story: list[Action | str]) -> None:
    """Whatever the service sends, nothing raises and each segment is finished once."""
    world = World()
    world.connect()
    for action in story:
        if isinstance(action, str):
            world.core.receive_text(action, world.now)
        else:
            act(world, action)
    world.flush()
    world.settle(limit=200.0)
    world.core.close(world.now)
    finished = [*world.finished, *(event for event in world.core.events() if isinstance(event, PlaybackFinished))]

    assert sorted(event.segment for event in finished) == list(range(1, len(world.captured) + 1))


@settings(max_examples=100, deadline=None)
@given(st.lists(SPEECH, max_size=10), DIALECTS)
def test_after_close_segments_finish_at_once(story: list[Action], dialect: Dialect) -> None:
    """Without a session, what is captured is finished as interrupted where it is, and nothing is kept."""
    world = World(dialect)
    world.connect()
    for action in story:
        act(world, action)
    world.core.close(world.now)
    world.say(1.0)
    world.say(1.0)
    world.flush()

    assert len(world.finished) == len(world.captured)
    assert world.finished[-1].interrupted
    assert world.core.unplayed(world.now) == 0


def test_core_says_nothing_of_itself() -> None:
    """A new core has nothing to send, nothing to tell and nothing to wait for."""
    core = AvatarProtocol("t")

    assert core.next_command(0.0) is None
    assert core.events() == []
    assert core.next_timeout() is None
