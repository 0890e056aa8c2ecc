"""Tool calls that a model writes as text, in the formats of the open models. Pure."""

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_FUNCTION = re.compile(r"<function\s*[=(]\s*\"?([\w.-]+)\"?\)?\s*>?(.*?)(?:</function>|(?=<function)|\Z)", re.DOTALL)
_PARAMETER = re.compile(r"<parameter\s*=\s*\"?([\w.-]+)\"?\s*>(.*?)(?:</parameter>|(?=<parameter)|\Z)", re.DOTALL)
_MARKUP = re.compile(r"</?tool_calls?>|</?function[^>]*>|\[/?TOOL_CALLS?\]|<[|｜][^<>]*[|｜]>|```\w*", re.IGNORECASE)

_ARGUMENTS = ("arguments", "parameters", "args", "input")


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A tool call.

    Attributes:
        name: The tool.
        arguments: Its arguments, as JSON.
    """

    name: str
    arguments: str


def calls_in(text: str) -> list[WrittenCall]:
    """Read the calls in a text that holds nothing else: `<function=…>`, JSON, or Python."""
    functions = [WrittenCall(match[1], _arguments_of(match[2])) for match in _FUNCTION.finditer(text)]
    return functions or [call for value in _values_in(_MARKUP.sub(" ", text)) for call in _calls_of(value)]


def _arguments_of(body: str) -> str:
    """Give the arguments in the body of a `<function=…>`: parameters with tags, or JSON."""
    if parameters := {match[1]: match[2].strip() for match in _PARAMETER.finditer(body)}:
        return json.dumps(parameters)
    return next((json.dumps(value) for value in _values_in(body) if isinstance(value, dict)), "{}")


def _values_in(text: str) -> Iterator[Any]:
    """Decode the JSON values in a text, or the Python calls."""
    decoder, at = json.JSONDecoder(strict=False), 0
    while start := re.compile(r"[{\[]").search(text, at):
        try:
            value, at = decoder.raw_decode(text, start.start())
        except ValueError:
            yield from _python_calls(text[start.start() :])
            return
        yield value


def _calls_of(value: Any) -> Iterator[WrittenCall]:
    if isinstance(value, list):
        for each in value:
            yield from _calls_of(each)
    elif isinstance(value, WrittenCall):
        yield value
    elif isinstance(value, dict):
        inner = value.get("function")
        if isinstance(inner, dict):
            yield from _calls_of(inner)
            return
        name = value.get("name") or inner or value.get("tool")
        given = next((value[key] for key in _ARGUMENTS if isinstance(value.get(key), dict | str)), None)
        if isinstance(name, str) and given is not None:
            yield WrittenCall(name, given if isinstance(given, str) else json.dumps(given))


def _python_calls(text: str) -> Iterator[WrittenCall]:
    """Read `[get_time(city="Oslo")]`."""
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return
    for node in tree.elts if isinstance(tree, ast.List) else ():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
            literals = {name: value.value for name, value in given.items() if isinstance(value, ast.Constant)}
            yield WrittenCall(node.func.id, json.dumps(literals))
