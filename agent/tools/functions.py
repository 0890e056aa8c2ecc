"""Finds the tools that a persona names: built-in ones, and `module:function` of the author's own modules."""

import importlib
import sys
from collections.abc import Iterable
from pathlib import Path

from livekit.agents.llm import FunctionTool, RawFunctionTool, Tool

from agent.conversation.tools import TOOLS
from agent.settings import SettingsError


def tools_named(names: Iterable[str], folder: Path | None = None) -> list[Tool]:
    """Find the tools that a persona names.

    Args:
        names: Names of built-in tools, or `module:function`.
        folder: Folder that is searched for modules, after the usual import path.

    Raises:
        SettingsError: There is no tool of that name.
    """
    found = [(name, _own(name, folder) if ":" in name else TOOLS.get(name) or _unknown(name)) for name in names]
    if problems := [f"PERSONA: tools: {problem}" for _, problem in found if isinstance(problem, str)]:
        raise SettingsError(problems)
    return [tool for _, tool in found if isinstance(tool, Tool)]


def _unknown(name: str) -> str:
    return f"there is no tool {name}; there are {', '.join(TOOLS)}, and module:function for your own"


def _own(name: str, folder: Path | None) -> Tool | str:
    """Import a tool; return a sentence if that fails."""
    module_name, _, function_name = name.partition(":")
    if folder is not None and str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        module = importlib.import_module(module_name)
    except Exception as error:  # noqa: BLE001 - a module may fail in any way
        return f"{name}: {module_name} can't be imported: {type(error).__name__}: {error}"
    tool = getattr(module, function_name, None)
    if isinstance(tool, FunctionTool | RawFunctionTool):
        return tool
    return f"{name}: {module_name} has no {function_name} with @function_tool of livekit.agents above it"
