"""Slow tools: the conversation goes on while they run, and the agent reports the result when it comes."""

import asyncio
import functools
import inspect
from collections.abc import Callable
from contextlib import suppress
from typing import Any, get_type_hints

from livekit.agents import AgentSession, RunContext, ToolError
from livekit.agents.llm import FunctionTool, RawFunctionTool, Tool
from livekit.agents.utils import aio

from agent.conversation.fillers import FIRST_AFTER, Fillers
from agent.framework import is_released

# Seconds between two checks of whether agent or caller speaks, while a tool runs.
_TICK = 0.1

# Name of a parameter that no tool has.
_CONTEXT = "livekit_run_context"

# What the language model reads while a tool runs.
_RUNNING = (
    "`{function_name}` is still running, and the caller has been told to wait. Its result will be given to you when it"
    " is there: do not call it again, and do not guess its result."
)

# What it reads when results have come. The framework's own text also allows an empty answer.
RESULT_CAME = (
    "The results of tools have come (call ids: {call_ids}). Tell them to the caller now, in the language of the"
    " conversation, without repeating what you have already said. Always say something."
)


def with_patience(
    tool: Tool, *, fillers: Fillers, timeout: float, read: Callable[[Any], Any] = lambda result: result
) -> Tool:
    """Wrap a tool, so that it blocks neither the caller nor the conversation.

    The framework waits for the tool for two seconds, or until the caller interrupts. After that the conversation goes
    on, the agent says a filler now and then in silence, and reports the result when it comes.

    Args:
        tool: A function tool; other tools are returned unchanged.
        fillers: Chooses the fillers.
        timeout: Seconds after which the tool is cancelled and the language model gets an error as its result.
        read: Called with the tool's result; returns what the language model gets.
    """
    if not isinstance(tool, FunctionTool | RawFunctionTool):
        return tool

    @functools.wraps(tool, updated=())
    async def run(*args: Any, **kwargs: Any) -> Any:
        context: RunContext[Any] | None = kwargs.pop(_CONTEXT, None)
        if context is None:
            return read(await tool(*args, **kwargs))
        company = asyncio.create_task(_keep_company(context, fillers), name="tool_company")
        limit = asyncio.timeout(timeout)
        try:
            async with limit:
                result = await tool(*args, **kwargs)
        except TimeoutError:
            if not limit.expired():
                raise
            message = f"The tool did not answer within {timeout:g} seconds, and was ended."
            raise ToolError(message) from None
        finally:
            await aio.cancel_and_wait(company)
        return read(result)

    _add_context(run, tool)
    return type(tool)(run, tool.info)  # type: ignore[arg-type] # a tool's own class and info


async def _keep_company(context: RunContext[Any], fillers: Fillers) -> None:
    """Release the conversation from a slow tool, and say fillers in silence."""
    session: AgentSession[Any] = context.session
    clock = asyncio.get_running_loop().time
    began_at = quiet_since = clock()
    while True:
        await asyncio.sleep(_TICK)
        if session.agent_state == "speaking" or session.user_state == "speaking":
            quiet_since = clock()
        if not is_released(context) and (clock() - began_at >= FIRST_AFTER or context.speech_handle.interrupted):
            await context.update("", template=_RUNNING, silent=True)
        is_due = session.agent_state == "listening" and clock() - quiet_since >= FIRST_AFTER
        if is_due and (filler := fillers.next(clock())):
            with suppress(RuntimeError):  # the session is ending
                session.say(filler)


def _add_context(run: Any, tool: Tool) -> None:
    """Give a function the parameters of a tool, and one in which the framework passes a `RunContext`."""
    signature = inspect.signature(tool)  # type: ignore[arg-type] # a tool is called like its function
    parameter = inspect.Parameter(_CONTEXT, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=RunContext)
    parameters = sorted([*signature.parameters.values(), parameter], key=lambda each: each.kind)
    hints = {**get_type_hints(tool, include_extras=True), _CONTEXT: RunContext}
    run.__signature__ = signature.replace(parameters=parameters)
    run.__annotations__ = hints
    # Python 3.14 calls this; setting __annotations__ clears it.
    run.__annotate__ = lambda _format=1: dict(hints)
