"""Makes tools of the HTTP requests that a persona file describes."""

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
from livekit.agents import ToolError, function_tool
from livekit.agents.llm import RawFunctionTool
from pydantic import ValidationError
from yarl import URL

from agent.settings.references import dereferenced
from agent.tools.cards import Card, any_card
from agent.tools.http_model import PLACEHOLDER, HttpTool
from avatar.http import client_session

logger = logging.getLogger("agent")

# Methods that send arguments as JSON in the body; the others send them in the query.
_WITH_BODY = ("POST", "PUT", "PATCH")

# Most bytes of an answer that are read; the tool returns `max_bytes` of them.
_LONGEST_ANSWER = 1_000_000

# Most characters of a refusal that the language model reads.
_LONGEST_REASON = 200


def http_tool(described: HttpTool) -> RawFunctionTool[..., Any]:
    """Make the tool that a persona file describes."""

    async def request(raw_arguments: dict[str, Any]) -> list[str | Card]:
        answer = await _ask(described, raw_arguments)
        return [_part_to_read(described, answer), *_cards(described, answer)]

    schema = {
        "name": described.name,
        "description": described.description,
        "parameters": described.arguments_schema,
    }
    return function_tool(request, raw_schema=schema)


async def _ask(tool: HttpTool, arguments: Mapping[str, Any]) -> str:
    """Make the request.

    Raises:
        ToolError: It failed; the language model reads why.
    """
    url, rest = _target(tool, arguments)
    timeout = aiohttp.ClientTimeout(total=tool.timeout)
    headers = {name: dereferenced(value) for name, value in tool.headers.items()}
    sent: dict[str, Any] = {"json": rest} if tool.method in _WITH_BODY else {"params": _query(rest)}
    try:
        async with (
            client_session(timeout=timeout) as http,
            # A redirect could lead to any address, with the headers.
            http.request(tool.method, url, headers=headers, allow_redirects=False, **sent) as reply,
        ):
            text = (await _read(reply)).decode("utf-8", "replace")
    except TimeoutError:
        raise _failure(tool, f"did not answer within {tool.timeout:g} seconds", "timeout") from None
    except (aiohttp.ClientError, ValueError) as error:
        # Without the error's text: if a header can't be sent, it quotes the header.
        raise _failure(tool, "can't be reached", type(error).__name__) from None
    if reply.status >= HTTPStatus.MULTIPLE_CHOICES:
        reason = text[:_LONGEST_REASON].strip() or reply.reason
        raise _failure(tool, f"answered {reply.status}: {reason}", str(reply.status)) from None
    return text


def _target(tool: HttpTool, arguments: Mapping[str, Any]) -> tuple[URL, dict[str, Any]]:
    """Put arguments into the URL.

    Returns:
        The URL, and the arguments that are not in it.

    Raises:
        ToolError: An argument is missing, or would change the URL's path.
    """
    schema = tool.arguments_schema
    given = {name: value for name, value in arguments.items() if value is not None}
    missing = [name for name in (*schema.get("required", ()), *tool.placeholders) if given.get(name, "") == ""]
    if missing:
        message = f"`{missing[0]}` is missing: ask the caller for it."
        raise ToolError(message)
    if any(str(given[name]) in {".", ".."} for name in tool.placeholders):
        message = "That is not a value for this tool."
        raise ToolError(message)
    filled = PLACEHOLDER.sub(lambda found: quote(_text(given[found[1]]), safe=""), dereferenced(tool.url))
    known = schema.get("properties", {})
    rest = {name: value for name, value in given.items() if name in known and name not in tool.placeholders}
    return URL(filled, encoded=True), rest


def _query(arguments: Mapping[str, Any]) -> dict[str, str]:
    return {name: _text(value) for name, value in arguments.items()}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


async def _read(reply: aiohttp.ClientResponse) -> bytes:
    read = bytearray()
    async for piece in reply.content.iter_any():
        read += piece
        if len(read) >= _LONGEST_ANSWER:
            break
    return bytes(read[:_LONGEST_ANSWER])


def _failure(tool: HttpTool, what: str, error: str) -> ToolError:
    extra = {"tool": tool.name, "host": urlsplit(tool.url).hostname, "error": error}
    logger.warning("the request of a tool failed", extra=extra)
    return ToolError(f"The service {what}.")


def _part_to_read(tool: HttpTool, answer: str) -> str:
    part = answer if not tool.answer else _text(_part(tool, answer, tool.answer))
    shown = part.encode()[: tool.max_bytes].decode("utf-8", "ignore")
    return shown if shown == part else f"{shown} … (cut)"


def _cards(tool: HttpTool, answer: str) -> list[Card]:
    """Read the cards of an answer; one that can't be shown is logged and left out."""
    if not tool.card:
        return []
    try:
        found = _part(tool, answer, tool.card)
        return [any_card.validate_python(each) for each in (found if isinstance(found, list) else [found])]
    except (ToolError, ValidationError) as error:
        extra = {"tool": tool.name, "field": tool.card, "error": type(error).__name__}
        logger.warning("a tool's answer has no card that can be shown", extra=extra)
        return []


def _part(tool: HttpTool, answer: str, path: str) -> Any:
    """Return the part of a JSON answer at a path such as `data.items.0`.

    Raises:
        ToolError: There is no such part.
    """
    try:
        value = json.loads(answer)
        for name in path.split("."):
            value = value[int(name)] if isinstance(value, list) else value[name]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise _failure(tool, f"answered without `{path}`", "unexpected answer") from None
    return value
