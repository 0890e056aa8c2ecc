"""The judgement of a turn by its words."""

from __future__ import annotations

import pytest

from demo.call.turns import SCRIPT, Outcome, Turn, part_in

TURN = Turn("what time is it in london", frozenset({"london"}))


@pytest.mark.parametrize(
    ("heard", "part"),
    [("What time is it in London?", 1.0), ("what time is in lon", 4 / 6), ("", 0.0), ("something else", 0.0)],
)
def test_part_in_is_the_share_of_the_words_that_arrived(heard: str, part: float) -> None:
    """Case and punctuation do not count."""
    assert part_in(heard, of=TURN.says) == pytest.approx(part)


HEARD, ANSWERED, CAPTIONED = TURN.says, "in london it is ten", "In London it is ten."


@pytest.mark.parametrize(
    ("heard", "answered", "captioned", "problems"),
    [
        (HEARD, ANSWERED, CAPTIONED, []),
        (HEARD, "in lundy it is ten", CAPTIONED, []),
        ("hello", ANSWERED, CAPTIONED, ["the agent understood “hello”"]),
        (HEARD, "", CAPTIONED, ["no words were recognised in the answer"]),
        (HEARD, "good morning", "Good morning.", ["the answer has none of: london"]),
        (
            HEARD,
            "a storm came",
            CAPTIONED,
            [f"the avatar was heard saying “a storm came”, the agent says “{CAPTIONED}”"],
        ),
    ],
)
def test_words_are_judged(heard: str, answered: str, captioned: str, problems: list[str]) -> None:
    """A turn is judged by the words that were understood, and by the agent's answer to the question."""
    outcome = Outcome(TURN, heard, answered, captioned)

    outcome.judge_words()

    assert outcome.problems == problems


def test_an_interrupted_answer_may_go_on_for_a_moment() -> None:
    """Before the answer to a barge-in, pieces of what was interrupted may be heard; after it nothing else may."""
    turn = Turn("stop please", barges_in=True)
    story, answer = "and the ships could find the harbour in the dark night", "okay I stop"
    heard = (f"{story} {answer}", f"{answer} {story}")
    outcomes = [Outcome(turn, turn.says, words, "Okay, I stop.") for words in heard]
    for outcome in outcomes:
        outcome.judge_words()

    assert [len(outcome.problems) for outcome in outcomes] == [0, 1]


def test_script_has_four_turns_with_a_barge_in_into_an_answer() -> None:
    """A turn that barges in follows a turn whose answer is interrupted."""
    barge_ins = [number for number, turn in enumerate(SCRIPT) if turn.barges_in]

    assert len(SCRIPT) >= 4
    assert barge_ins
    assert all(SCRIPT[number - 1].leaves_after is not None for number in barge_ins)


@pytest.mark.parametrize(("heard", "problems"), [("stop three the", 0), ("three the", 1)])
def test_one_of_two_words_is_enough(heard: str, problems: int) -> None:
    """A barge-in of two words need not be understood whole: what it is judged by is the agent's silence."""
    outcome = Outcome(Turn("stop please", barges_in=True), heard, "okay I stop", "Okay, I stop.")
    outcome.judge_words()

    assert len(outcome.problems) == problems
