"""Thoughts whose beginning no tag marks."""

from __future__ import annotations

from agent.conversation.thoughts import UnopenedThoughts


def test_an_answer_that_is_cut_is_given_out_at_its_end() -> None:
    """A model that may think is held back, and what was held is its answer if no tag came."""
    thoughts = UnopenedThoughts(is_possible=True)
    thoughts.begin()

    assert (thoughts.take("Hel"), thoughts.take("lo"), thoughts.end()) == ("", "", "Hello")
    thoughts.begin()
    assert thoughts.take("Hel") == "Hel"


def test_thoughts_may_be_ruled_out_within_an_answer() -> None:
    """What was held back is given out with what follows."""
    thoughts = UnopenedThoughts(is_possible=True)
    thoughts.begin()
    held = thoughts.take("Hel")
    thoughts.rule_out()

    assert (held, thoughts.take("lo"), thoughts.take("!"), thoughts.end()) == ("", "Hello", "!", "")
