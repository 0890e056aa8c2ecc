"""The demo brain: its reply to each conversation."""

from __future__ import annotations

import pytest

from simulators.openai.brain import Brain
from simulators.openai.conversation import Call, Conversation, Message, Say
from simulators.openai.script import load_script

WEATHER = {"get_weather": frozenset({"city", "day"})}
TOOLS = WEATHER | {"get_time": frozenset({"city"})}
SCRIPT = load_script()
RULES = {rule.name: rule for rule in SCRIPT.rules}


def reply(*messages: Message, tools: dict[str, frozenset[str]] | None = None) -> Say | Call:
    """Return the brain's reply, with both tools offered by default."""
    return Brain(SCRIPT).reply(Conversation(messages, TOOLS if tools is None else tools))


def user(text: str) -> Message:
    """Return a message of the caller."""
    return Message("user", text)


def assistant(text: str) -> Message:
    """Return a message of the brain."""
    return Message("assistant", text)


def test_opening_says_that_it_is_a_demo_brain() -> None:
    """When it is asked to begin, it greets and says that it is a demo brain."""
    assert reply(Message("system", "Greet the caller.")) == Say(SCRIPT.opening)
    assert "not a language model" in SCRIPT.opening


def test_fallback_says_that_it_is_a_demo_brain_when_nothing_fits() -> None:
    """The fallback answer says that this is a demo brain."""
    answer = reply(user("explain quantum chromodynamics"))

    assert answer == Say(SCRIPT.fallback[0])
    assert "not a language model" in SCRIPT.fallback[0]


@pytest.mark.parametrize(
    ("said", "call"),
    [
        (
            "what is the weather like in paris tomorrow",
            Call("get_weather", {"city": "Paris", "day": "tomorrow"}),
        ),
        ("Will it rain in New York?", Call("get_weather", {"city": "New York", "day": "today"})),
        ("what time is it in Tokyo?", Call("get_time", {"city": "Tokyo"})),
    ],
)
def test_tool_is_called_with_what_was_said(said: str, call: Call) -> None:
    """City and day come from the caller's words, else from the script's defaults."""
    assert reply(user(said)) == call


def test_tool_is_not_called_when_it_was_not_offered() -> None:
    """Without an offered tool the answer says that it can't be done."""
    answer = reply(user("what is the weather in paris"), tools={})

    assert answer == Say(RULES["weather"].say_without)


def test_tool_result_is_in_the_answer() -> None:
    """The answer is made from the tool's result."""
    call = Call("get_weather", {"city": "Paris", "day": "tomorrow"})
    answer = reply(user("weather in paris"), Message("assistant", calls=(call,)), Message("tool", "It will be sunny."))

    assert answer == Say("I looked that up. It will be sunny.")


def test_last_call_is_repeated_when_the_caller_asks_about_another_city() -> None:
    """The parameters that the caller does not change are kept."""
    call = Call("get_weather", {"city": "Paris", "day": "tomorrow"})
    history = (
        user("weather in paris tomorrow"),
        Message("assistant", calls=(call,)),
        Message("tool", "Sun."),
        assistant("Sun."),
    )

    assert reply(*history, user("And in London?")) == Call("get_weather", {"city": "London", "day": "tomorrow"})


def test_question_is_everything_since_the_last_reply() -> None:
    """A sentence that the recogniser cut in two is one question."""
    assert reply(user("what is the weather"), user("in london tomorrow")) == Call(
        "get_weather", {"city": "London", "day": "tomorrow"}
    )


def test_stop_wins_over_the_question_it_ends() -> None:
    """After a barge-in before any sound both are in one question, and the brain stops."""
    assert reply(user("tell me a story"), user("stop please")) == Say(RULES["stop"].say[0])


def test_story_continues_from_the_sentence_where_it_was_cut() -> None:
    """The rest begins with the sentence that was not heard to its end."""
    story = RULES["story"].say[0]
    heard = story[: story.index("so that the ships")].rstrip()
    answer = reply(
        user("tell me a story"), assistant(heard), user("stop"), assistant("Okay, I stop."), user("please go on")
    )

    assert answer == Say(story[story.index("Every night") :])


def test_second_story_is_a_different_one() -> None:
    """A repeated rule says its next sentence."""
    first, second = RULES["story"].say
    assert reply(user("a story"), assistant(first), user("another story please")) == Say(second)


def test_stories_are_long_enough_to_barge_into() -> None:
    """A story has six to eight sentences."""
    assert [6 <= story.count(".") <= 8 for story in RULES["story"].say] == [True, True]
