"""Which text of a language model's answer is speech, and which tools it calls."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.conversation.answer import AnswerText

TOOLS = {"get_time", "look_up"}


def read(text: str, size: int) -> tuple[str, list[tuple[str, object]]]:
    """Return the speech and the calls of an answer that arrives in pieces of this size."""
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
        ("Hello there.<|end|>", "Hello there."),
        ("<|im_start|>assistant\nHello.<|im_end|>", "Hello."),
        ("<start_of_turn>model\nHello.", "Hello."),
        ("<tool_response>15:05</tool_response>Hello.", "Hello."),
        ("<reflection>hm</reflection>Hello.", "Hello."),
        ('<thinking type="deep">hm</thinking >Hello.', "Hello."),
        ("<seed:think>hm</seed:think>Hello.", "Hello."),
        ("<|begin_of_thought|>hm<|end_of_thought|>Hello.", "Hello."),
        ("<|START_THINKING|>hm<|END_THINKING|>Hello.", "Hello."),
        ("get_time is a tool (of mine).", "get_time is a tool (of mine)."),
        ('I call it {"name of a thing"}.', 'I call it {"name of a thing"}.'),
        ("You (print) it.\nprint (it)", "You (print) it.\nprint (it)"),
    ],
)
def test_thoughts_and_special_tokens_are_not_spoken(text: str, spoken: str, size: int) -> None:
    """Other text stays as it is, whatever pieces it arrives in."""
    assert read(text, size) == (spoken, [])


OSLO = [("get_time", {"city": "Oslo"})]
CITY = '{"city": "Oslo"}'


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
        ('<invoke name="get_time"><parameter name="city">Oslo</parameter></invoke>', "", OSLO),
        (
            '<function_calls><invoke name="get_time"><parameter name="city">Oslo</parameter></invoke></function_calls>',
            "",
            OSLO,
        ),
        ("<tool_call>get_time<arg_key>city</arg_key><arg_value>Oslo</arg_value></tool_call>", "", OSLO),
        ("<tool_call>{'name': 'get_time', 'arguments': {'city': 'Oslo'}}</tool_call>", "", OSLO),
        ('<functioncall> {"name": "get_time", "arguments": {"city": "Oslo"}}</functioncall>', "", OSLO),
        ('<tool_code>get_time(city="Oslo")</tool_code>', "", OSLO),
        ('<|tool_call|>[{"name": "get_time", "arguments": {"city": "Oslo"}}]', "", OSLO),
        ('[TOOL_CALLS]get_time[ARGS]{"city": "Oslo"}', "", OSLO),
        (
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>get_time\n```json\n" + CITY + "\n```"
            "<｜tool▁call▁end｜><｜tool▁calls▁end｜>Done.",
            "Done.",
            OSLO,
        ),
        (
            "<|tool_calls_section_begin|><|tool_call_begin|>functions.get_time:0<|tool_call_argument_begin|>"
            + CITY
            + "<|tool_call_end|><|tool_calls_section_end|>",
            "",
            OSLO,
        ),
        (
            '<|channel|>commentary to=functions.get_time <|constrain|>json<|message|>{"city": "Oslo"}<|call|>',
            "",
            OSLO,
        ),
        ('get_time(city="Oslo")', "", OSLO),
        ('Yes.\nprint(get_time(city="Oslo"))', "Yes.", OSLO),
        ('Sure! {"name": "get_time", "arguments": {"city": "Oslo"}}', "Sure!", OSLO),
        ('{"get_time": {"city": "Oslo"}}', "", OSLO),
        ('{"action": "get_time", "action_input": {"city": "Oslo"}}', "", OSLO),
        ('{"tool_calls": [{"function": {"name": "get_time", "arguments": "{\\"city\\": \\"Oslo\\"}"}}]}', "", OSLO),
        ('{"name": "look_up"}', "", [("look_up", {})]),
        ('{"mood": {"today": "good"}}', '{"mood": {"today": "good"}}', []),
        ('<function=fly>{"to": "Oslo"}</function>', "", []),
        ('{"name": "fly", "arguments": {"to": "Oslo"}}', "", []),
        ('<tool_call>{"name": "get_time", "argu', "", []),
    ],
)
def test_a_written_call_is_taken_and_not_spoken(
    text: str, spoken: str, calls: list[tuple[str, object]] | None, size: int
) -> None:
    """A written tool call without a tool's name is dropped."""
    assert read(text, size) == (spoken, [*OSLO, ("look_up", {})] if calls is None else calls)


def test_the_speech_before_a_call_is_not_held_back() -> None:
    """Text that can no longer become a call is not held back either."""
    answer = AnswerText(TOOLS)

    assert answer.take("Hello ") == "Hello "
    assert answer.take("you. <func") == "you. "
    assert answer.take("y> [x") == "<funcy> [x"


def test_text_before_a_stray_end_of_thoughts_is_dropped() -> None:
    """Text that was already passed on stays."""
    answer = AnswerText(TOOLS)

    assert answer.take("I think so.</think>Yes.") == "Yes."


PARTS = [*'ab <>/{}[]()"\n`|:=', "get_time", "name", "print", "think", "channel"]


@given(st.lists(st.sampled_from(PARTS), max_size=60).map("".join), st.integers(1, 9))
def test_an_answer_in_pieces_is_read_like_a_whole_one(text: str, size: int) -> None:
    """Text that is neither a thought nor a call is never lost."""
    assert read(text, size) == read(text, 1000)
    assert read(text, size)[0] == text.strip() or any(mark in text for mark in ("```", "<", "get_time"))
