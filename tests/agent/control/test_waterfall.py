"""`Waterfall` over random observations: late, early, doubled, and of replies that were never said."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.control.waterfall import STAGES, Stage, Turn, Waterfall

REPLIES = st.sampled_from(["a", "b", "c"])
INSTANTS = st.floats(0.0, 100.0)
BEGINNINGS = st.tuples(st.just("begin"), REPLIES, INSTANTS)
OBSERVATIONS = st.tuples(st.sampled_from(STAGES), REPLIES, INSTANTS)
NEWS = st.lists(BEGINNINGS | OBSERVATIONS, max_size=40)


def told(news: list[tuple[str, str, float]]) -> list[tuple[str, Turn]]:
    """Return every turn that is reported, with the reply that was observed."""
    waterfall = Waterfall()
    turns: list[tuple[str, Turn]] = []
    for what, reply, at in news:
        stage: Stage | None = next((each for each in STAGES if each == what), None)
        turn = waterfall.begin(reply, "speech", at) if stage is None else waterfall.reach(reply, stage, at)
        if turn is not None:
            turns.append((reply, turn))
    return turns


@given(NEWS)
def test_stages_are_in_order_and_none_is_negative(news: list[tuple[str, str, float]]) -> None:
    """They may be observed in any order."""
    for _, turn in told(news):
        assert list(turn.stages) == [stage for stage in STAGES if stage in turn.stages]
        assert list(turn.stages.values()) == sorted(turn.stages.values())
        assert all(seconds >= 0.0 for seconds in turn.stages.values())


@given(NEWS)
def test_a_turn_only_grows(news: list[tuple[str, str, float]]) -> None:
    """Each stage is reported once with its final value; every report of a turn has more stages."""
    last: dict[int, Turn] = {}
    for _, turn in told(news):
        if before := last.get(turn.number):
            assert before.stages.items() < turn.stages.items()
        last[turn.number] = turn


@given(NEWS)
def test_turns_are_numbered_as_they_begin_and_belong_to_one_reply(news: list[tuple[str, str, float]]) -> None:
    """An observation of one reply never counts for the turn of another, however late it is."""
    turns = told(news)
    replies = {turn.number: reply for reply, turn in turns}

    assert all(replies[turn.number] == reply for reply, turn in turns)
    assert list(replies) == list(range(1, len(replies) + 1))
    assert len(set(replies.values())) == len(replies)


@given(NEWS)
def test_a_reply_that_is_not_said_is_not_reported(news: list[tuple[str, str, float]]) -> None:
    """A prepared reply that is dropped gets no turn."""
    begun: set[str] = set()
    for index, (what, reply, _) in enumerate(news):
        if what == "begin":
            begun.add(reply)
        assert {each for each, _ in told(news[: index + 1])} <= begun


def test_a_first_token_before_the_end_of_the_transcript_took_no_time() -> None:
    """A preemptive reply's first token is never earlier than the text that it answers."""
    waterfall = Waterfall()
    assert waterfall.reach("early", "first_token", 9.9) is None
    turn = waterfall.begin("early", "speech", 10.0, transcribed_at=10.3)

    assert turn is not None
    assert {stage: round(seconds, 3) for stage, seconds in turn.stages.items()} == {
        "transcript": 0.3,
        "first_token": 0.3,
    }


def test_dropped_replies_are_forgotten() -> None:
    """Of many dropped replies only a few are kept."""
    waterfall = Waterfall()
    for number in range(1_000):
        waterfall.reach(str(number), "first_token", 0.0)

    assert len(waterfall._replies) <= 16
