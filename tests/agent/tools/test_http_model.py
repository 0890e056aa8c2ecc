"""The description of an HTTP tool in a persona file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pydantic import ValidationError

from agent.tools.http_model import HttpTool

if TYPE_CHECKING:
    from typing import Any

ORDER: dict[str, Any] = {"name": "order", "description": "x", "url": "https://example.com/orders/{number}"}


def test_parameters_become_a_json_schema() -> None:
    """A type alone is enough."""
    tool = HttpTool.model_validate(
        ORDER
        | {
            "parameters": {
                "number": "integer",
                "kind": {"description": "Of what", "choices": ["a", "b"], "optional": True},
            }
        }
    )

    assert tool.arguments_schema == {
        "type": "object",
        "properties": {
            "number": {"type": "integer"},
            "kind": {"type": "string", "description": "Of what", "enum": ["a", "b"]},
        },
        "required": ["number"],
        "additionalProperties": False,
    }


def test_a_json_schema_is_used_as_it_is() -> None:
    """It replaces the parameters."""
    schema = {"type": "object", "properties": {"number": {"type": "array", "items": {"type": "string"}}}}

    assert HttpTool.model_validate(ORDER | {"json_schema": schema}).arguments_schema == schema


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({}, "there is no such parameter"),
        ({"url": "ftp://example.com"}, "must begin with http://"),
        ({"url": "https://{host}/", "parameters": {"host": "string"}}, "a host without placeholders"),
        ({"url": "/orders"}, "must begin with http://"),
        ({"parameters": {"number": "text"}}, "Input should be 'string', 'integer'"),
        ({"json_schema": {"type": "array"}}, 'the type "object"'),
        ({"name": "two words"}, "should match pattern"),
        ({"headers": {"Authorization": "Bearer $NO_SUCH_TOKEN"}}, "the environment has no NO_SUCH_TOKEN"),
        ({"method": "HEAD"}, "Input should be 'GET'"),
        ({"max_bytes": 0}, "greater than 0"),
    ],
)
def test_errors_in_a_description_are_named(changed: dict[str, Any], problem: str) -> None:
    """They are found when the file is read."""
    with pytest.raises(ValidationError, match=problem):
        HttpTool.model_validate(ORDER | changed)
