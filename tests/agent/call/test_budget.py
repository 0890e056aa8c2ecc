"""What holds for every call, whatever is said, used and measured, in any order."""

from __future__ import annotations

from dataclasses import replace
from math import inf

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from agent.call.budget import TICK, Budget, End, Engage, Limits, Reason, Release, Warn
from tests.agent.call.budget_world import Action, World

SECONDS = st.floats(0.0, 60.0)
STORIES = st.lists(
    st.one_of(
        st.tuples(st.just("run"), SECONDS),
        st.tuples(
            st.sampled_from(["answer", "stop", "noise", "quiet", "word", "screen off", "screen on", "lose", "find"]),
            st.just(0.0),
        ),
        st.tuples(st.sampled_from(["others use", "midnight"]), SECONDS),
        st.tuples(st.just("credits"), st.floats(0.0, 20.0)),
    ),
    max_size=30,
)
LIMITS = st.builds(
    Limits,
    call=st.one_of(st.just(inf), st.floats(0.0, 300.0)),
    day=st.one_of(st.just(inf), st.floats(0.0, 600.0)),
    credits=st.one_of(st.just(-inf), st.floats(0.0, 10.0)),
    idle=st.one_of(st.just(inf), st.floats(0.1, 120.0)),
    warning=st.floats(0.0, 60.0),
)


def tell(story: list[Action], limits: Limits) -> World:
    """Play a story, and let two ticks pass after it."""
    world = World(limits)
    for action in [*story, ("run", 2 * TICK)]:
        world.act(action)
    return world


@given(STORIES, LIMITS)
def test_a_call_is_warned_of_its_end_once_and_before_it(story: list[Action], limits: Limits) -> None:
    """A call ends at most once, decides nothing after that, and is warned once before, within the promised time."""
    world = tell(story, limits)

    ends, warnings = world.of(End), world.of(Warn)
    assert len(ends) <= len(warnings) <= 1
    if ends:
        assert world.moments[-1] is ends[0]
        assert world.budget.next_timeout() is None
        [warning] = warnings
        assert isinstance(warning.decision, Warn)
        assert warning.decision.seconds <= limits.warning
        assert warning.at <= ends[0].at
        assert ends[0].at - warning.at <= warning.decision.seconds + TICK


@given(STORIES, LIMITS)
def test_the_minutes_of_a_call_are_kept(story: list[Action], limits: Limits) -> None:
    """The call ends within a tick of its limit, and not before."""
    world = tell(story, limits)

    assert world.call <= limits.call + TICK or world.of(End)
    for end in world.of(End):
        assert end.call <= limits.call + TICK
    if not world.of(Warn):
        assert world.call < max(limits.call - limits.warning, 0.0) + TICK


@given(STORIES, LIMITS)
# The last second of the day is used up between two looks, and a sound is heard before the next one.
@example([("answer", 0.0), ("others use", 1.0), ("run", 0.5), ("answer", 0.0)], Limits(day=1.0))
def test_the_avatar_leaves_at_the_days_limit_and_the_lowest_balance(story: list[Action], limits: Limits) -> None:
    """The avatar is released within a tick of the day's limit and of the lowest balance, whatever is said."""
    world = tell(story, limits)

    assert world.overdue <= TICK + 1e-6


@given(STORIES, LIMITS)
def test_releases_and_engages_alternate(story: list[Action], limits: Limits) -> None:
    """A release follows only an engage, and an engage only a release."""
    world = tell(story, limits)

    turns = [type(moment.decision) for moment in world.of(Release, Engage)]
    assert turns == [Release if index % 2 == 0 else Engage for index in range(len(turns))]


@given(STORIES, LIMITS)
def test_the_avatar_does_not_leave_while_it_speaks(story: list[Action], limits: Limits) -> None:
    """Without limits of the day and the credits, the avatar is never released while the agent speaks."""
    without = Limits(call=limits.call, idle=limits.idle, warning=limits.warning)
    world = tell(story, without)

    assert not [moment for moment in world.of(Release) if moment.agent]


@given(STORIES, LIMITS)
def test_only_use_keeps_an_idle_avatar(story: list[Action], limits: Limits) -> None:
    """The avatar leaves after the set idle time, however noisy the room is, and not before."""
    world = tell(story, limits)

    for moment in world.of(Release):
        if moment.decision == Release(Reason.IDLE):
            assert moment.idle >= limits.idle - 1e-6
    silent = not world.agent and world.is_engaged and not world.of(End)
    assert not silent or world.now - world.used_at < limits.idle


@given(STORIES, LIMITS)
def test_an_avatar_without_a_viewer_is_not_paid_for(story: list[Action], limits: Limits) -> None:
    """An avatar without a viewer leaves at once unless it is speaking; it starts only for a caller with a screen."""
    world = tell(story, limits)

    assert world.seen or world.agent or not world.is_engaged or world.of(End)


@given(STORIES, LIMITS)
def test_time_goes_on(story: list[Action], limits: Limits) -> None:
    """After a time-out the next deadline is later, and not later than a tick."""
    world = tell(story, limits)

    assert world.late == []
    assert world.of(End) or (world.budget.next_timeout() or inf) <= world.now + TICK


@given(STORIES, LIMITS)
def test_a_call_that_can_not_go_on_without_the_avatar_ends_where_it_would_leave(
    story: list[Action], limits: Limits
) -> None:
    """The decisions are those of any other call up to the first release, which is the end, for the same reason."""
    ours = [moment.decision for moment in tell(story, limits).moments]
    theirs = [moment.decision for moment in tell(story, replace(limits, goes_on=False)).moments]

    index = next((index for index, decision in enumerate(ours) if isinstance(decision, Release)), None)
    if index is None:
        assert theirs == ours
    else:
        release = ours[index]
        assert isinstance(release, Release)
        assert theirs == [*ours[:index], End(release.reason)]


def test_the_avatar_leaves_a_quiet_call_and_comes_back_with_the_first_word() -> None:
    """The avatar leaves exactly after the idle time, which a word restarts."""
    world = World(Limits(idle=20.0))
    world.run(15.0)
    world.use()
    world.run(19.9)
    assert world.moments == []

    world.run(60.0)
    world.use()
    assert [moment.decision for moment in world.moments] == [Release(Reason.IDLE), Engage()]
    assert [moment.at for moment in world.moments] == [135.0, pytest.approx(194.9)]


def test_a_noise_neither_keeps_the_avatar_nor_brings_it_back() -> None:
    """A noise does not count as use, however long it lasts."""
    world = World(Limits(idle=20.0))
    world.hear(user=True)
    world.run(60.0)

    assert [moment.decision for moment in world.moments] == [Release(Reason.IDLE)]


def test_an_avatar_that_speaks_is_not_idle_and_leaves_when_it_has_spoken() -> None:
    """Speech that the agent starts by itself does not count as use of the avatar."""
    world = World(Limits(idle=20.0))
    world.hear(agent=True)
    world.run(60.0)
    assert world.moments == []
    world.hear()

    assert [(moment.at, moment.decision) for moment in world.moments] == [(160.0, Release(Reason.IDLE))]


def test_an_avatar_comes_only_for_somebody_with_a_screen() -> None:
    """The avatar comes when a caller with a screen joins, and leaves when that caller leaves."""
    world = World(Limits(), is_engaged=False, seen=False)
    world.budget = Budget(Limits(), world.now, is_engaged=False)
    world.use()
    world.run(60.0)
    assert world.moments == []

    world.see(seen=True)
    world.see(seen=False)
    assert [moment.decision for moment in world.moments] == [Engage(), Release(Reason.UNSEEN)]


def test_a_call_that_is_not_used_for_long_ends() -> None:
    """The end is not warned of, as a word would postpone it; it waits for the agent, and needs no avatar."""
    world = World(Limits(silence=30.0, idle=10.0))
    world.run(20.0)
    world.use()
    world.run(29.0)
    world.hear(agent=True)
    world.run(40.0)
    assert [type(moment.decision) for moment in world.moments] == [Release, Engage, Release]
    world.hear()

    assert world.moments[-1].decision == End(Reason.IDLE)
    assert world.budget.next_timeout() is None


def test_near_the_end_of_the_day_the_avatar_leaves_at_a_pause() -> None:
    """The avatar is released in the first pause of the last ten seconds, and does not come back for the rest."""
    world = World(Limits(day=60.0, idle=200.0))
    world.hear(user=True)
    world.run(55.0)
    assert world.moments == []
    world.hear()
    world.hear(user=True)

    assert [moment.decision for moment in world.moments] == [Release(Reason.DAY_IS_USED)]


def test_when_nothing_is_left_the_avatar_goes_while_it_speaks() -> None:
    """The limit holds, however long the agent speaks."""
    world = World(Limits(day=60.0, credits=5.0))
    world.hear(agent=True)
    world.run(65.0)

    [moment] = world.moments
    assert (moment.at, moment.decision) == (160.0, Release(Reason.DAY_IS_USED))


def test_on_a_new_day_the_avatar_comes_back() -> None:
    """An avatar that the budget released comes back on a new day."""
    world = World(Limits(day=60.0))
    world.run(70.0)
    world.act(("midnight", 0.0))
    world.run(TICK)

    assert [type(moment.decision) for moment in world.moments] == [Release, Engage]


def test_a_session_that_gives_back_its_escrow_does_not_bring_the_avatar_back() -> None:
    """A low balance has to rise by more than a session's first minute; an unknown balance does not stop a session."""
    world = World(Limits(credits=5.0), credits_left=4.9)
    world.run(TICK)
    world.credits_left = 5.9
    world.run(TICK)

    assert [moment.decision for moment in world.moments] == [Release(Reason.CREDITS_ARE_LOW)]
    assert Limits(credits=5.0).used_up(0.0, None, to_begin=True) is None


def test_a_warned_call_ends_on_time_without_its_avatar() -> None:
    """Once the caller was told when the call ends, neither idleness nor a lost avatar postpones the end."""
    world = World(Limits(call=60.0, idle=40.0))
    world.run(30.0)
    world.act(("lose", 0.0))
    world.run(100.0)

    assert [(moment.at, moment.decision) for moment in world.moments] == [
        (130.0, Warn(30.0)),
        (140.0, Release(Reason.IDLE)),
        (160.0, End()),
    ]


def test_an_avatar_comes_as_soon_as_there_is_a_slot() -> None:
    """An avatar in the call keeps its own slot, however many others are in use."""
    budget = Budget(Limits(slots=2), 100.0, is_engaged=False)
    decided = []
    for slots in (2, 1, 5):
        budget.see(seen=True)
        budget.measure(call=0.0, day=0.0, credits_left=None, slots=slots)
        budget.handle_timeout(budget.next_timeout() or 0.0)
        decided.append(budget.decisions())

    assert decided == [[], [Engage()], []]
