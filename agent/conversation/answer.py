"""Separates the speech and the tool calls in a language model's answer while it is written. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from agent.conversation.thoughts import LONE_THOUGHTS_END, THOUGHT_NAMES, THOUGHTS_END, THOUGHTS_START
from agent.conversation.written_calls import WrittenCall, calls_in


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of text in an answer that is not speech: how it begins and ends; None if it ends with the answer."""

    name: str
    start: re.Pattern[str]
    end: re.Pattern[str] | None


_EMPTY = re.compile("")
_VALUE = "value"
_STRAY_END = "stray end of thoughts"
_CALL = "call"
_CALL_TAGS = r"(?:tool_calls?|function_?calls?|tool_code|tools)"
_KINDS = (
    _Kind(
        _CALL,
        re.compile(r"<\|channel\|>\s*\w*\s+to=[^<]*(?:<\|constrain\|>[^<]*)?<\|message\|>"),
        re.compile(r"<\|(?:call|end)\|>"),
    ),
    _Kind("thoughts", THOUGHTS_START, THOUGHTS_END),
    _Kind("tool's result", re.compile(r"<tool_response>"), re.compile(r"</tool_response>")),
    _Kind(_STRAY_END, LONE_THOUGHTS_END, _EMPTY),
    _Kind(_CALL, re.compile(rf"<{_CALL_TAGS}>"), re.compile(rf"</{_CALL_TAGS}>")),
    _Kind(_CALL, re.compile(r"<function\s*[=(]|<invoke\s"), re.compile(r"</(?:function|invoke)>")),
    _Kind(
        _CALL,
        re.compile(
            r"<[|｜](?:tool[▁_]calls?(?:[▁_]section)?(?:[▁_]begin)?|python_tag|plugin|action_start)[|｜]>|\[TOOL_CALLS?\]"
        ),
        re.compile(r"<[|｜]tool[▁_]calls(?:[▁_]section)?[▁_]end[|｜]>|<\|action_end\|>"),
    ),
    _Kind(
        "token",
        re.compile(
            r"<\|(?:start|im_start|start_header_id)\|>\w*(?=[<\s])|<start_of_turn>\w*\s|<\|channel\|>[^<]*<\|message\|>"
            r"|<[|｜](?!(?:start|channel|constrain|im_start|start_header_id)\|)[^<>|｜\s]{1,40}[|｜]>"
        ),
        _EMPTY,
    ),
    # A JSON value, or Python calls, at the start of a line; an object that begins like a call, anywhere.
    _Kind(
        _VALUE,
        re.compile(
            r"(?<=\n)[ \t]*(?:```\w*\s*)?(?=[{\[](?!/?THINK|TOOL_CALL))"
            r"|(?=\{\s*\"(?:name|type|function|tool|tool_calls|action)\"\s*:)"
        ),
        None,
    ),
)

# The end of a text that may still become the start of one of these kinds.
_UNDECIDED = re.compile(
    r"<\|(?:start|channel|im_start|start_header_id)\|>(?:[^<]|<\|constrain\|>){0,80}(?:<[^>]{0,16})?$"
    r"|<start_of_turn>\w{0,12}$|<[^<>\s]{0,40}$|\[/?[A-Z_]{0,12}$|◁[^▷]{0,10}$|\{\s*(?:\"\w{0,10}(?:\"\s*)?)?$"
    rf"|(?<=\n)[ \t]*(?:`{{1,3}}\w*\s*)?$|<(?:(?:\w+:)?{THOUGHT_NAMES}|invoke)\s[^<>]{{0,80}}$"
)

_BRACKETS = re.compile(r'"(?:[^"\\]|\\.)*"?|[{}\[\]()]', re.DOTALL)


class AnswerText:
    """A parser that separates an answer's speech from its tool calls and thoughts.

    Thoughts are dropped. A tool call that is written as text is removed; it is a call if it names a tool.

    Args:
        tools: Names of the available tools.

    Attributes:
        calls: The calls that were written so far.
    """

    def __init__(self, tools: Collection[str]) -> None:
        self.calls: list[WrittenCall] = []
        self._tools = tools
        self._kinds = (*_KINDS, _python_call(tools)) if tools else _KINDS
        # The last character that was read, a line break at first, and the text that was not read yet.
        self._text = "\n"

    def take(self, text: str) -> str:
        """Take more of the answer.

        Returns:
            The text in it that is to be spoken.
        """
        self._text += text
        return self._read(is_end=False)

    def end(self) -> str:
        """End the answer.

        Returns:
            The rest of the text that is to be spoken.
        """
        return self._read(is_end=True)

    def _read(self, *, is_end: bool) -> str:
        spoken = ""
        while (found := self._first()) is not None:
            kind, match = found
            before = self._pass(match.start())
            length = _length_of(kind, self._text, len(match[0]), is_end=is_end)
            if kind.name != _STRAY_END:
                spoken += before
            if length is None:
                return spoken
            spoken += self._take_out(kind, length)
        return spoken + self._pass(len(self._text) if is_end else self._decided())

    def _first(self) -> tuple[_Kind, re.Match[str]] | None:
        """Find the first place where something other than speech begins."""
        found = ((kind, match) for kind in self._kinds if (match := kind.start.search(self._text, 1)))
        return min(found, key=lambda each: each[1].start(), default=None)

    def _decided(self) -> int:
        """Return the position up to which the text is speech, whatever follows."""
        undecided = _UNDECIDED.search(self._text, 1)
        line = self._text.rfind("\n") + 1
        word = self._text[line:].lstrip(" \t") if line else ""
        if word and any(f"{call}(".startswith(word) for tool in self._tools for call in (tool, f"print({tool}")):
            return line
        return undecided.start() if undecided else len(self._text)

    def _pass(self, to: int) -> str:
        """Read up to a position."""
        passed, self._text = self._text[1:to], self._text[to - 1 :]
        return passed

    def _take_out(self, kind: _Kind, length: int) -> str:
        """Read text that is not speech; return it if it is a value without a call, which is spoken after all."""
        text = self._pass(1 + length)
        calls = calls_in(text, self._tools) if kind.name in {_CALL, _VALUE} else []
        self.calls += [call for call in calls if call.name in self._tools]
        return text if kind.name == _VALUE and not calls else ""


def _python_call(tools: Collection[str]) -> _Kind:
    """Make the kind for a line that calls one of the tools in Python, or in a block of code."""
    names = "|".join(map(re.escape, tools))
    return _Kind(_VALUE, re.compile(rf"(?<=\n)[ \t]*(?:print)?(?=\(?(?:{names})\()"), None)


def _length_of(kind: _Kind, text: str, start_length: int, *, is_end: bool) -> int | None:
    """Return the length of the match that begins at position 1; None if it is not known yet."""
    if kind.name == _VALUE:
        length = _value_length(text, 1 + start_length)
    else:
        end = kind.end.search(text, 1 + start_length) if kind.end else None
        length = end.end() - 1 if end else None
    return len(text) - 1 if length is None and is_end else length


def _value_length(text: str, start: int) -> int | None:
    """Return the length up to the end of the bracket at `start`; None if it is still open."""
    depth = 0
    for match in _BRACKETS.finditer(text, start):
        depth += {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}.get(match[0], 0)
        if not depth:
            return match.end() - 1
    return None
