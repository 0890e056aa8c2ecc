"""The waterfall: each step with its start, its duration and its bar."""

from agent.doctor.waterfall import Step, draw, steps
from tests.agent.doctor.recordings import Tape, as_observed


def test_the_steps_of_a_call_are_in_order() -> None:
    """They go from the token to the avatar's leaving."""
    found = {step.name: round((step.ended_at or 0) - step.began_at, 2) for step in steps(as_observed().call)}

    assert found == {
        "session token": 0.7,
        "session start": 2.0,
        "WebSocket": 0.2,
        "avatar joins": 1.2,
        "connected": 0.3,
        "speech 1: sent to heard": 3.0,
        "speech 1: heard": 1.9,
        "speech 1: interrupt to acknowledgement": 0.19,
        "speech 1: interrupt to silence": 0.4,
        "speech 2: sent to heard": 0.7,
        "speech 2: heard": 3.0,
        "speech 3: sent to heard": 0.7,
        "speech 3: heard": 1.0,
        "session stop": 0.2,
        "avatar leaves": 0.3,
    }
    assert list(found)[:4] == ["session token", "session start", "WebSocket", "avatar joins"]


def test_a_step_without_an_end_is_named() -> None:
    """It has no bar."""
    tape = Tape()
    tape.rest(0.0, 1.0, "/v1/sessions/start")
    tape.open(1.5)

    assert [line.split("  ")[-1] for line in draw(steps(tape.call)) if "not seen" in line] == [
        "avatar joins",
        "connected",
    ]


def test_bars_are_where_the_steps_are() -> None:
    """They share one time line of forty columns."""
    lines = draw([Step("a", 10.0, 15.0), Step("bb", 15.0, 20.0), Step("c", 20.0, 20.0), Step("d", 12.0, None)])

    assert lines == [
        "   0.00    5.00 s  a   " + "█" * 20,
        "   5.00    5.00 s  bb  " + " " * 20 + "█" * 20,
        "  10.00    0.00 s  c   " + " " * 40 + "█",
        "   2.00  not seen  d",
    ]


def test_a_call_without_steps_has_no_lines() -> None:
    """The recording is empty."""
    assert draw(steps(Tape().call)) == []
