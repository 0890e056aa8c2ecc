"""Thoughts whose beginning is not marked by a tag."""

from __future__ import annotations

from agent.conversation.thoughts import UnopenedThoughts


def test_an_answer_that_is_held_back_is_passed_on_at_its_end() -> None:
    """The text of a model that may think is held back, and is its answer if no tag came."""
    thoughts = UnopenedThoughts(is_possible=True)
    thoughts.begin()

    assert (thoughts.take("Hel"), thoughts.take("lo"), thoughts.end()) == ("", "", "Hello")
    thoughts.begin()
    assert thoughts.take("Hel") == "Hel"


def test_thoughts_may_be_ruled_out_within_an_answer() -> None:
    """The text that was held back is passed on with what follows."""
    thoughts = UnopenedThoughts(is_possible=True)
    thoughts.begin()
    held = thoughts.take("Hel")
    thoughts.rule_out()

    assert (held, thoughts.take("lo"), thoughts.take("!"), thoughts.end()) == ("", "Hello", "!", "")
