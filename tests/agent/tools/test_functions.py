"""Tools by name: built-in ones, and functions of the author's own modules."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from agent.settings import SettingsError
from agent.tools.functions import tools_named

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODULE = '''
from livekit.agents import function_tool

@function_tool
async def greet(name: str) -> str:
    """Greet somebody."""
    return f"Hello {name}."

def plain() -> None: ...
'''


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Make a persona's folder with its author's modules."""
    (tmp_path / "shop_tools_of_test.py").write_text(MODULE)
    (tmp_path / "broken_tools_of_test.py").write_text("1 / 0")
    path = list(sys.path)
    yield tmp_path
    sys.path[:] = path
    for name in ("shop_tools_of_test", "broken_tools_of_test"):
        sys.modules.pop(name, None)


async def test_a_function_of_the_persona_folder_is_a_tool(folder: Path) -> None:
    """It can be named next to built-in ones."""
    greet, end_call = tools_named(["shop_tools_of_test:greet", "end_call"], folder)

    assert await greet(name="Ada") == "Hello Ada."  # type: ignore[operator] # a tool is called like its function
    assert end_call.id == "end_call"


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("fly", "there is no tool fly; there are get_time, end_call, and module:function for your own"),
        ("none_of_test:greet", "none_of_test can't be imported: ModuleNotFoundError"),
        ("broken_tools_of_test:greet", "broken_tools_of_test can't be imported: ZeroDivisionError: division by zero"),
        ("shop_tools_of_test:none", "shop_tools_of_test has no none with @function_tool"),
        ("shop_tools_of_test:plain", "shop_tools_of_test has no plain with @function_tool"),
    ],
)
def test_a_missing_tool_is_named(folder: Path, name: str, problem: str) -> None:
    """The error names all missing tools with the reasons."""
    with pytest.raises(SettingsError) as error:
        tools_named(["get_time", name, "walk"], folder)

    assert len(error.value.problems) == 2
    assert problem in error.value.problems[0]
