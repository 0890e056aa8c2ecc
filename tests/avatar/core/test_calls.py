"""Properties of every call, whatever the framework, the network and the service do."""

import itertools

from hypothesis import example, given, settings
from hypothesis import strategies as st

from avatar.core import PlaybackFinished, PlaybackStarted, StartSession
from simulators.liveavatar.model import Habits
from tests.avatar.core.calls import HABITS, STORIES, Action, act, hang_up, tell
from tests.avatar.core.fallback_model import BYTES_PER_SECOND
from tests.avatar.core.world import World

MOST_STOPS = 5
NEVER = float("inf")

PUBLISHES = st.booleans()


@settings(max_examples=60)
@given(STORIES, HABITS, PUBLISHES)
def test_every_segment_is_finished_once_in_order(story: list[Action], habits: Habits, publishes: bool) -> None:
    """Each captured segment has one `PlaybackFinished`, in the order of capture, within its length."""
    world = tell(story, habits=habits, can_publish=publishes)

    assert [event.segment for event in world.finished] == list(range(1, len(world.captured) + 1))
    for event in world.finished:
        duration = len(world.captured[event.segment - 1]) / BYTES_PER_SECOND
        assert 0 <= event.position <= duration
        assert event.interrupted or event.position == duration


@settings(max_examples=60)
@given(STORIES, HABITS, PUBLISHES)
@example(
    [("say", 4.0), ("run", 5.0), ("no net", 0.3), ("run", 0.05), ("vanish", 0.05)],
    Habits.fast(speech_starts_after=0.2, first_speech_starts_after=0.43, max_duration=20),
    True,
)
def test_two_sinks_are_never_audible_at_once(story: list[Action], habits: Habits, publishes: bool) -> None:
    """The old avatar, the next one and the fallback track are never heard together."""
    world = tell(story, habits=habits, can_publish=publishes)

    assert world.overlap() < 0.05


@settings(max_examples=60)
@given(STORIES, HABITS, PUBLISHES)
def test_every_session_is_stopped(story: list[Action], habits: Habits, publishes: bool) -> None:
    """After the call no session runs at the service, and the machine knows it."""
    world = World(habits=habits, can_publish=publishes)
    for action in story:
        act(world, action)
    hang_up(world)

    assert world.machine.is_over
    assert world.service.running(world.now) == []


@settings(max_examples=60)
@given(STORIES, HABITS)
def test_sessions_are_bounded(story: list[Action], habits: Habits) -> None:
    """At most two sessions are alive, none is requested while another may be starting, and 20 start in ten minutes."""
    world = World(habits=habits)
    most_alive = 0
    for action in [*story, *[("run", 20.0), ("say", 1.0), ("flush", 0.0)] * 20]:
        act(world, action)
        most_alive = max(most_alive, len(world.service.running(world.now)))
    starts = [at for at, _ in world.done(StartSession)]
    started = sorted(session.started_at for session in world.service.sessions if session.started_at is not None)

    assert most_alive <= 2
    for number, at in enumerate(starts[1:], 1):
        before = world.machine.sessions[number - 1]
        settled_at = before.started_at if before.started_at is not None else before.stopped_at
        assert (settled_at is not None and settled_at <= at) or before.stops >= MOST_STOPS
    assert all(after - before >= 600 for before, after in zip(started, started[20:], strict=False))


@settings(max_examples=60)
@given(STORIES, HABITS, PUBLISHES)
# The next session takes the speech after 17.4 s, and its cold avatar begins 3 s later.
@example([("run", 5.0), ("run", 2.5), ("say", 0.02), ("no net", 9.0)], Habits(start_takes=3.7, max_duration=20), False)
def test_speech_is_heard_or_reported_within_twenty_seconds(
    story: list[Action], habits: Habits, publishes: bool
) -> None:
    """A segment begins to play, or is reported as not heard, within 20 s of its turn."""
    world = tell(
        [action for action in story if action[0] not in {"pause", "resume"}], habits=habits, can_publish=publishes
    )
    told = list(zip(world.events, world.event_times, strict=True))
    began = {event.segment: at for event, at in told if isinstance(event, PlaybackStarted)}
    over = {event.segment: at for event, at in told if isinstance(event, PlaybackFinished)}

    turn_at = 0.0
    for number, speakable_at in enumerate(world.speakable_at, 1):
        told_at = min(began.get(number, NEVER), over.get(number, NEVER))
        assert told_at - max(speakable_at, turn_at) <= 20.0
        turn_at = over[number]


@settings(max_examples=60)
@given(STORIES, HABITS)
def test_progress_adds_up_to_the_position(story: list[Action], habits: Habits) -> None:
    """The runs of a segment follow one another without overlap and end at its position."""
    world = tell(story, habits=habits)

    for event in world.finished:
        runs = [progress.run for progress in world.progressed if progress.segment == event.segment]
        for before, after in itertools.pairwise(runs):
            assert abs(after.offset - before.offset - before.duration) < 1e-4
            assert after.started_at >= before.started_at + before.duration - 1e-6
        end = runs[-1].offset + runs[-1].duration if runs else 0.0
        assert abs(end - event.position) < 1e-3
