"""The occasions that a plan chooses: a pure function of the seed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from simulators.faults import FaultPlan
from simulators.faults.calls import Cut, Hang, Status
from simulators.faults.fault import CallFault, Fault, SocketFault
from simulators.faults.plan import RECORDED_STRIKES
from simulators.faults.sockets import Close, Drop

faults = st.builds(
    Status,
    vendor=st.just("liveavatar"),
    at=st.sampled_from([None, "start", "stop"]),
    nth=st.integers(1, 4),
    times=st.none() | st.integers(1, 3),
    probability=st.floats(0.0, 1.0),
)
calls = st.lists(st.sampled_from(["start", "stop", "token"]), max_size=30)


def strikes(plan: FaultPlan, occasions: list[str]) -> list[list[Fault]]:
    """Return the faults that strike at these calls."""
    return [list(plan.strike("liveavatar", call, CallFault, now=0.0)) for call in occasions]


@given(armed=st.lists(faults, max_size=4), seed=st.integers(), occasions=calls)
def test_same_seed_gives_the_same_strikes(armed: list[Fault], seed: int, occasions: list[str]) -> None:
    """A run can be repeated, even on a plan that was armed before."""
    again = FaultPlan(armed, seed=seed + 1)
    strikes(again, occasions)
    again.arm(armed, seed=seed)

    assert strikes(again, occasions) == strikes(FaultPlan(armed, seed=seed), occasions)


@given(armed=faults, other=faults, seed=st.integers(), occasions=calls)
def test_fault_does_not_depend_on_those_armed_after_it(
    armed: Fault, other: Fault, seed: int, occasions: list[str]
) -> None:
    """Each fault has its own random numbers."""
    alone, together = FaultPlan([armed], seed=seed), FaultPlan([armed, other], seed=seed)
    strikes(alone, occasions)
    strikes(together, occasions)

    assert alone.armed[0].struck == together.armed[0].struck


@given(fault=faults, seed=st.integers(), occasions=calls)
def test_strikes_respect_place_count_and_limit(fault: Status, seed: int, occasions: list[str]) -> None:
    """A fault strikes only at its calls, not before the n-th, and not more often than its limit."""
    plan = FaultPlan([fault], seed=seed)
    struck = strikes(plan, occasions)
    fitting = [bool(hits) for call, hits in zip(occasions, struck, strict=True) if fault.at in (None, call)]

    assert sum(map(len, struck)) == sum(fitting) == plan.armed[0].struck
    assert not any(fitting[: fault.nth - 1])
    assert fault.times is None or sum(fitting) <= fault.times
    if fault.probability == 1.0:
        assert sum(fitting) == min(max(len(fitting) - fault.nth + 1, 0), fault.times or len(fitting))
    if fault.probability == 0.0:
        assert not any(fitting)


def test_only_faults_of_the_vendor_and_the_family_strike() -> None:
    """Calls have no faults of sockets, and a vendor none of another; the order is that of the list."""
    plan = FaultPlan([Cut(vendor="openai"), Drop(vendor="liveavatar"), Hang(vendor="openai"), Close(vendor="deepgram")])

    assert [fault.kind for fault in plan.strike("openai", "chat", CallFault, now=0.0)] == ["cut", "hang"]
    assert plan.strike("openai", "opening", SocketFault, now=0.0) == []
    assert [fault.kind for fault in plan.strike("deepgram", "opening", SocketFault, now=0.0)] == ["close"]


def test_strikes_are_counted_with_their_time() -> None:
    """The count goes on when the record of the times is full."""
    plan = FaultPlan([Cut(vendor="openai", times=None)])
    for now in range(RECORDED_STRIKES + 5):
        plan.strike("openai", "chat", CallFault, now=float(now))

    assert plan.armed[0].struck == RECORDED_STRIKES + 5
    assert (plan.armed[0].struck_at[0], plan.armed[0].struck_at[-1]) == (5.0, RECORDED_STRIKES + 4.0)


def test_nothing_strikes_when_disarmed() -> None:
    """A plan can be emptied."""
    plan = FaultPlan([Cut(vendor="openai")])
    plan.disarm()

    assert plan.strike("openai", "chat", CallFault, now=0.0) == []
    assert plan.armed == []
