"""What of a language model's answer is speech, and which tools it calls."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.conversation.answer import AnswerText

TOOLS = {"get_time", "look_up"}


def read(text: str, size: int) -> tuple[str, list[tuple[str, object]]]:
    """The speech in an answer that comes in pieces, and its calls."""
    answer = AnswerText(TOOLS)
    spoken = "".join(answer.take(text[start : start + size]) for start in range(0, len(text), size)) + answer.end()
    return spoken.strip(), [(call.name, json.loads(call.arguments)) for call in answer.calls]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Hello, it is 5 < 6.", "Hello, it is 5 < 6."),
        ("<think>The user says hi.</think>\n\nHello.", "Hello."),
        ("<thinking>a\n{b</thinking>Hello <think>more</think>there.", "Hello there."),
        ("[THINK]hm[/THINK]Hello.", "Hello."),
        ("<think>never closed", ""),
        ("<|channel|>analysis<|message|>They ask.<|end|><|start|>assistant<|channel|>final<|message|>Hello.", "Hello."),
        ("Hello.<|eot_id|>", "Hello."),
        ("It is [about] {five} o'clock [1].", "It is [about] {five} o'clock [1]."),
        ("[laughs] Hello.", "[laughs] Hello."),
        ('{"mood": "good"}', '{"mood": "good"}'),
        ("[the docs](https://example.com)", "[the docs](https://example.com)"),
        ("a <b>bold</b> word", "a <b>bold</b> word"),
        ("Yes. [", "Yes. ["),
    ],
)
def test_thoughts_and_special_tokens_are_not_spoken(text: str, spoken: str, size: int) -> None:
    """Other text stays as it is, in however many pieces it comes."""
    assert read(text, size) == (spoken, [])


OSLO = [("get_time", {"city": "Oslo"})]


@pytest.mark.parametrize("size", [1, 3, 1000])
@pytest.mark.parametrize(
    ("text", "spoken", "calls"),
    [
        ('<function=get_time>{"city": "Oslo"}</function>', "", OSLO),
        ('<function=get_time{"city": "Oslo"}</function>', "", OSLO),
        ('Let me see. <function=get_time>{"city": "Oslo"}', "Let me see.", OSLO),
        ('<tool_call>\n{"name": "get_time", "arguments": {"city": "Oslo"}}\n</tool_call> Done.', "Done.", OSLO),
        ("<tool_call><function=get_time><parameter=city>\nOslo\n</parameter></function></tool_call>", "", OSLO),
        ('{"name": "get_time", "parameters": {"city": "Oslo"}}', "", OSLO),
        ('{"type": "function", "function": {"name": "get_time", "arguments": "{\\"city\\": \\"Oslo\\"}"}}', "", OSLO),
        ('Right.\n```json\n{"name": "get_time", "arguments": {"city": "Oslo"}}\n```', "Right.\n\n```", OSLO),
        ('[TOOL_CALLS][{"name": "get_time", "arguments": {"city": "Oslo"}}]', "", OSLO),
        ('<|python_tag|>{"name": "get_time", "parameters": {"city": "Oslo"}}', "", OSLO),
        ('[get_time(city="Oslo"), look_up()]', "", [*OSLO, ("look_up", {})]),
        ('[{"name": "get_time", "arguments": {"city": "Oslo"}}, {"name": "look_up", "arguments": {}}]', "", None),
        ('<function=fly>{"to": "Oslo"}</function>', "", []),
        ('{"name": "fly", "arguments": {"to": "Oslo"}}', "", []),
        ('<tool_call>{"name": "get_time", "argu', "", []),
    ],
)
def test_a_call_that_is_written_is_taken_and_not_spoken(
    text: str, spoken: str, calls: list[tuple[str, object]] | None, size: int
) -> None:
    """One that names no tool is dropped."""
    assert read(text, size) == (spoken, [*OSLO, ("look_up", {})] if calls is None else calls)


def test_the_speech_before_a_call_is_not_held_back() -> None:
    """Nor is text that can't become a call any more."""
    answer = AnswerText(TOOLS)

    assert answer.take("Hello ") == "Hello "
    assert answer.take("you. <func") == "you. "
    assert answer.take("y> [x") == "<funcy> [x"


def test_what_precedes_a_stray_end_of_thoughts_is_dropped() -> None:
    """As far as it was not given out before."""
    answer = AnswerText(TOOLS)

    assert answer.take("I think so.</think>Yes.") == "Yes."


@given(st.text(st.sampled_from('ab <>/{}[]"\n`|:='), max_size=80), st.integers(1, 9))
def test_an_answer_in_pieces_is_read_like_a_whole_one(text: str, size: int) -> None:
    """And no text gets lost that is no thought and no call."""
    assert read(text, size) == read(text, 1000)
    assert read(text, size)[0] == text.strip() or "```" in text or "<function" in text
