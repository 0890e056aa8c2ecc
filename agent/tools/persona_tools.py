"""All tools of a persona: named ones, HTTP requests, transfer and knowledge at once, those of MCP servers later."""

import logging
import shutil
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from livekit.agents.llm import FunctionTool, RawFunctionTool, Tool

from agent.knowledge.embeddings import Embeddings
from agent.knowledge.index import index_path
from agent.knowledge.sources import problems_of
from agent.knowledge.tool import knowledge_tool
from agent.settings import SettingsError
from agent.tools.functions import tools_named
from agent.tools.http_tools import http_tool
from agent.tools.transfer import transfer_tool

if TYPE_CHECKING:
    from agent.persona import Persona

logger = logging.getLogger("agent")


def tools_of(persona: "Persona", state_dir: Path, embeddings: Embeddings | None = None) -> list[Tool]:
    """Make the tools of a persona that need no connection.

    Args:
        persona: The persona.
        state_dir: Directory in which the worker keeps the indexes of knowledge.
        embeddings: Makes the vectors of questions to its knowledge.

    Raises:
        SettingsError: The persona names a tool that does not exist, or two of the same name.
    """
    tools: list[Tool] = [
        *tools_named(persona.tools, persona.folder),
        *map(http_tool, persona.http_tools),
        *([transfer_tool(persona.transfer)] if persona.transfer else []),
    ]
    if persona.knowledge is not None:
        index = index_path(state_dir, persona.knowledge, persona.folder)
        tools.append(knowledge_tool(persona.knowledge, index, embeddings))
    names = Counter(name_of(tool) for tool in tools)
    if doubled := [name for name, count in names.items() if count > 1]:
        raise SettingsError([f"PERSONA: there are two tools with the name {name}" for name in doubled])
    return tools


def check_tools(persona: "Persona") -> None:
    """Check the tools that a persona names.

    Raises:
        SettingsError: One does not exist, or a name is used twice.
    """
    tools_of(persona, Path())


def check_surroundings(persona: "Persona") -> None:
    """Check the documents and programs that a persona needs, at the worker's start: a call goes on without them.

    Raises:
        SettingsError: A document of its knowledge, or the program of an MCP server, is missing.
    """
    programs = [(server.name, server.command[0]) for server in persona.mcp if server.command]
    missing = [(name, program) for name, program in programs if _program(program, persona.folder) is None]
    problems = [f"PERSONA: mcp: {name}: there is no program {program}" for name, program in missing]
    if persona.knowledge is not None:
        problems += [f"PERSONA: knowledge: {each}" for each in problems_of(persona.knowledge, persona.folder)]
    if problems:
        raise SettingsError(problems)


def without_taken_names(tools: Sequence[Tool], taken: Sequence[Tool]) -> list[Tool]:
    """Leave out tools whose names are already used: the language model could not tell them apart."""
    names = {name_of(tool) for tool in taken}
    for tool in tools:
        if name_of(tool) in names:
            logger.warning("a tool is left out, its name is taken", extra={"tool": name_of(tool)})
    return [tool for tool in tools if name_of(tool) not in names]


def name_of(tool: Tool) -> str:
    """Return the name by which the language model calls a tool."""
    return tool.info.name if isinstance(tool, FunctionTool | RawFunctionTool) else tool.id


def _program(name: str, folder: Path | None) -> str | None:
    """Find a program by its path, which may be relative to the folder, or on PATH."""
    return shutil.which(folder / name if folder is not None and "/" in name else name)
