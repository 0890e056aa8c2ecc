"""The tool with which the language model searches a persona's knowledge."""

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from livekit.agents import ToolError, function_tool
from livekit.agents.llm import RawFunctionTool

from agent.knowledge.embeddings import Embeddings
from agent.knowledge.search import Found, find_passages
from agent.knowledge.sources import Knowledge
from agent.tools.cards import Card, ListCard, ListEntry

logger = logging.getLogger("agent")

NAME = "search_knowledge"

# Most passages that the language model reads.
_MOST_PASSAGES = 4

_DESCRIPTION = (
    "Search your own documents{about}. Use it before you answer a question that they may answer, and answer from the"
    " passages that it gives: what they don't say, you don't know. Don't read out the numbers in brackets or addresses."
)
_QUERY = "What to look for, in a few words, in the language of the documents if you know it, else as the caller asked"


def knowledge_tool(
    knowledge: Knowledge, index: Path, embeddings: Embeddings | None = None
) -> RawFunctionTool[..., Any]:
    """Make `search_knowledge`.

    Args:
        knowledge: The persona's knowledge.
        index: The worker's index file of it.
        embeddings: Makes the vectors of questions; None to search full text only.
    """

    async def search_knowledge(raw_arguments: dict[str, Any]) -> list[str | Card]:
        query = str(raw_arguments.get("query", ""))
        try:
            found = await find_passages(index, query, _MOST_PASSAGES, embeddings if knowledge.embeddings else None)
        except sqlite3.Error as error:
            extra = {"index": str(index), "error": str(error)}
            logger.warning("the knowledge of a persona can't be searched", extra=extra)
            message = "The documents can't be searched at the moment."
            raise ToolError(message) from None
        if not found:
            return ["The documents say nothing about that."]
        return ["\n\n".join(_told(number, each) for number, each in enumerate(found, 1)), _card(query, found)]

    parameters = {
        "type": "object",
        "properties": {"query": {"type": "string", "description": _QUERY}},
        "required": ["query"],
    }
    about = f": {knowledge.about}" if knowledge.about else ""
    schema = {"name": NAME, "description": _DESCRIPTION.format(about=about), "parameters": parameters}
    return function_tool(search_knowledge, raw_schema=schema)


def _told(number: int, found: Found) -> str:
    source = ", ".join(filter(None, (found.title, found.where)))
    return f"[{number}] {source}:\n{found.text}"


def _card(query: str, found: Sequence[Found]) -> Card:
    entries = tuple(
        ListEntry(title=each.title, text=": ".join(filter(None, (each.where, each.text))), url=each.link)
        for each in found
    )
    return ListCard(title=query, entries=entries)
