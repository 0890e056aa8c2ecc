"""Tool calls, assembled from the pieces that servers stream."""

from __future__ import annotations

import pytest

from agent.conversation.server_chunks import read_chunk
from agent.conversation.tool_calls import ToolCalls


def calls_from(*deltas: dict[str, object]) -> list[tuple[str | None, str, str]]:
    """Return the calls that these pieces make."""
    calls = ToolCalls({"taken"}, {"get_time"})
    for delta in deltas:
        calls.take(read_chunk({"choices": [{"delta": delta}]}).calls)
    made = [(call.id, call.function) for call in calls.pop()]
    return [(call_id, made.name or "", made.arguments or "") for call_id, made in made if made is not None]


def piece(index: int | None, call_id: str | None, name: str | None, arguments: object) -> dict[str, object]:
    """Make a delta with one piece of a call."""
    return {"tool_calls": [{"index": index, "id": call_id, "function": {"name": name, "arguments": arguments}}]}


def test_calls_are_told_apart_by_index_id_or_completeness() -> None:
    """A new index or id, or a complete call before it, begins a call; a name may be repeated with each piece."""
    one, two = ("a", "f", '{"x": 1}'), ("b", "g", '{"y": 2}')

    assert calls_from(piece(0, "a", "f", '{"x":'), piece(1, "b", "g", '{"y": 2}'), piece(0, None, None, " 1}")) == [
        one,
        two,
    ]
    assert calls_from(piece(0, "a", "f", '{"x": 1}'), piece(0, "b", "g", '{"y": 2}')) == [one, two]
    assert calls_from(piece(0, "a", "f", ""), piece(0, "a", "f", '{"x": 1}')) == [one]
    assert [name for _, name, _ in calls_from(piece(None, None, "f", {"x": 1}), piece(None, "", "f", {"x": 2}))] == [
        "f",
        "f",
    ]
    assert calls_from(piece(0, "a", "f", {"x": 1})) == [one]


@pytest.mark.parametrize(
    ("pieces", "name", "arguments"),
    [
        ([("get_", ""), ("time", '{"x": 1}')], "get_time", '{"x": 1}'),
        ([("f", '{"x":'), ("f", '{"x": 1}')], "f", '{"x": 1}'),
        ([("f", "{}"), (None, '{"x": 1}')], "f", '{"x": 1}'),
        ([("functions.get_time", '{"x": 1}')], "get_time", '{"x": 1}'),
        ([("f", "{'x': True}")], "f", '{"x": true}'),
        ([("f", '"{\\"x\\": 1}"')], "f", '{"x": 1}'),
        ([("f", None)], "f", "{}"),
        ([("f", '```json\n{"x": 1}\n```')], "f", '{"x": 1}'),
        ([("Get_Time", '{"x": 1}')], "get_time", '{"x": 1}'),
        ([("`get_time()`", '{"x": 1}')], "get_time", '{"x": 1}'),
        ([("default_api/get_time", '{"x": 1}')], "get_time", '{"x": 1}'),
        ([(None, '{"x":'), (None, " 1}"), ("f", None)], "f", '{"x": 1}'),
        ([("f", "")], "f", "{}"),
        ([("f", "null")], "f", "{}"),
        ([("f", '{"x": "cut of')], "f", '{"x": "cut of'),
    ],
)
def test_a_call_is_assembled_from_its_pieces(
    pieces: list[tuple[str | None, object]], name: str, arguments: str
) -> None:
    """Names may come in pieces or with a namespace; arguments may be repeated, missing, or in another notation."""
    [(_, *made)] = calls_from(*(piece(0, "a", *each) for each in pieces))

    assert made == [name, arguments]


@pytest.mark.parametrize(
    "marks",
    [
        [(0, "a"), (0, "b"), (0, "c")],
        [(None, "a"), (None, "b"), (None, "c")],
        [(0, "a"), (1, None), (2, None)],
        [(0, "a"), (None, None), (None, None)],
        [(None, "a"), (0, None), (0, None)],
    ],
)
@pytest.mark.parametrize("later_name", [None, "", "f"])
def test_a_piece_may_have_its_own_index_or_id(
    marks: list[tuple[int | None, str | None]], later_name: str | None
) -> None:
    """Later pieces belong to the call with incomplete arguments; with another index only if they name no tool."""
    if later_name and marks[0][0] != marks[1][0]:
        later_name = None
    (first, *later), (begun, *rest) = marks, ("", '{"x":', " 1}")
    pieces = [
        piece(*first, "f", begun),
        *(piece(*mark, later_name, more) for mark, more in zip(later, rest, strict=True)),
    ]

    assert calls_from(*pieces) == [("a", "f", '{"x": 1}')]


@pytest.mark.parametrize("name", ["parameters", "input", "args"])
def test_arguments_have_other_names_too(name: str) -> None:
    """They have the same names in tool calls that are written as text."""
    called = {"id": "a", "function": {"name": "f", name: {"x": 1}}}

    assert calls_from({"tool_calls": [called]}) == [("a", "f", '{"x": 1}')]


def test_each_call_has_its_own_id() -> None:
    """A tool call's id that is missing, empty or repeated is replaced by one that every server accepts."""
    ids = [
        call_id
        for call_id, _, _ in calls_from(
            *(piece(at, given, "f", "{}") for at, given in enumerate(["taken", "x", "x", ""]))
        )
    ]

    assert ids[1] == "x"
    assert len(set(ids)) == 4
    assert all(each is not None and each.isalnum() and len(each) == 9 for each in (ids[0], ids[2], ids[3]))


def test_a_call_without_a_name_is_dropped() -> None:
    """There is no tool that it could call."""
    assert calls_from(piece(0, "a", None, "{}")) == []
