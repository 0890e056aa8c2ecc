"""Tool calls that a model writes as text, in the formats of the open models. Pure."""

import ast
import json
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

# `<function=get_time>`, `<function(get_time)>` and `<invoke name="get_time">`, each with its body.
_FUNCTION = re.compile(
    r"<(?:function\s*[=(]|invoke\s+name\s*=)\s*\"?([\w.-]+)\"?\)?\s*>?"
    r"(.*?)(?:</(?:function|invoke)>|(?=<(?:function|invoke)\b)|\Z)",
    re.DOTALL,
)
_PARAMETER = re.compile(
    r"<parameter\s*(?:=|\s+name\s*=)\s*\"?([\w.-]+)\"?[^<>]*>(.*?)(?:</parameter>|(?=<parameter)|\Z)"
    r"|<arg_key>(.*?)</arg_key>\s*<arg_value>(.*?)</arg_value>",
    re.DOTALL,
)
_MARKUP = re.compile(
    r"</?(?:tool_calls?|function_?calls?|tool_code|tools)>|</?function[^>]*>|\[/?(?:TOOL_CALLS?|ARGS)\]"
    r"|<\|constrain\|>\w*|<[|｜][^<>]*[|｜]>|```\w*",
    re.IGNORECASE,
)

# The name of a tool before its arguments: `functions.get_time:0`.
_NAME_BEFORE = re.compile(r"([\w-]+)(?::\d+)?\s*\Z")

_NAMES = ("name", "function", "tool", "tool_name", "action")
_ARGUMENTS = ("arguments", "parameters", "args", "input", "tool_input", "action_input")


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A tool call.

    Attributes:
        name: The tool.
        arguments: Its arguments, as JSON.
    """

    name: str
    arguments: str


def calls_in(text: str, tools: Collection[str] = ()) -> list[WrittenCall]:
    """Read the calls in a text that contains nothing else: in tags, JSON, or Python.

    Args:
        text: As the model wrote it.
        tools: Names of the available tools; some forms are recognised only by them.
    """
    if functions := [WrittenCall(match[1], _arguments_of(match[2])) for match in _FUNCTION.finditer(text)]:
        return functions
    plain = _MARKUP.sub(" ", text)
    if parameters := _parameters_of(plain):
        name = _NAME_BEFORE.search(plain[: plain.index("<arg_key>")])
        return [WrittenCall(name[1], json.dumps(parameters))] if name else []
    return list(_calls_in_values(plain, tools)) or list(_python_calls(plain))


def _arguments_of(body: str) -> str:
    """Return the arguments in the body of a function: parameters with tags, or JSON."""
    if parameters := _parameters_of(body):
        return json.dumps(parameters)
    return next((json.dumps(value) for _, value in _values_in(body) if isinstance(value, dict)), "{}")


def _parameters_of(body: str) -> dict[str, str]:
    return {match[1] or match[3]: (match[2] or match[4] or "").strip() for match in _PARAMETER.finditer(body)}


def _calls_in_values(text: str, tools: Collection[str]) -> Iterator[WrittenCall]:
    for before, value in _values_in(text):
        calls = list(_calls_of(value, tools))
        name = _NAME_BEFORE.search(before)
        if not calls and name and isinstance(value, dict):
            calls = [WrittenCall(name[1], json.dumps(value))]
        yield from calls


def _values_in(text: str) -> Iterator[tuple[str, Any]]:
    """Decode the JSON values in a text, each with the text before it."""
    decoder, end = json.JSONDecoder(strict=False), 0
    while start := re.compile(r"[{\[]").search(text, end):
        before = text[end : start.start()]
        try:
            value, end = decoder.raw_decode(text, start.start())
        except ValueError:
            # The rest is in Python's notation, or is not a value at all.
            with suppress(ValueError, SyntaxError):
                yield before, ast.literal_eval(text[start.start() :].strip())
            return
        yield before, value


def _calls_of(value: Any, tools: Collection[str]) -> Iterator[WrittenCall]:
    if isinstance(value, list):
        for each in value:
            yield from _calls_of(each, tools)
    if not isinstance(value, dict):
        return
    inner = value.get("function") if isinstance(value.get("function"), dict) else value.get("tool_calls")
    if isinstance(inner, dict | list):
        yield from _calls_of(inner, tools)
        return
    name = next((value[key] for key in _NAMES if isinstance(value.get(key), str)), None)
    given = next((value[key] for key in _ARGUMENTS if isinstance(value.get(key), dict | str)), None)
    # `{"get_time": {"city": "Oslo"}}`, or a name alone.
    if given is None and len(value) == 1:
        [(key, only)] = value.items()
        name, given = (key, only) if isinstance(only, dict) and key in tools else (name, {} if name in tools else None)
    if name is not None and given is not None:
        yield WrittenCall(name, given if isinstance(given, str) else json.dumps(given))


def _python_calls(text: str) -> Iterator[WrittenCall]:
    """Read `[get_time(city="Oslo")]`, with or without the brackets, or within `print`."""
    try:
        tree = ast.parse(text.strip())
    except (SyntaxError, ValueError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (name := _name_of(node.func)) != "print":
            yield WrittenCall(name, json.dumps(dict(_literals_of(node))))


def _name_of(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""


def _literals_of(call: ast.Call) -> Iterator[tuple[str, Any]]:
    for keyword in call.keywords:
        if keyword.arg:
            with suppress(ValueError):
                yield keyword.arg, ast.literal_eval(keyword.value)
