"""The tools that the language model may call. A persona names the ones that it uses."""

from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from livekit.agents import RunContext, ToolError, function_tool
from livekit.agents.llm import ChatMessage, Tool

# The most characters of a city's name in an error: a language model may pass on any text that was written in the room.
_LONGEST_CITY = 60


@function_tool
async def get_time(city: str) -> str:
    """Tell the present time in a city.

    Args:
        city: The city's English name, such as Tokyo or New York.
    """
    zone = _zones().get(city.strip().lower())
    if zone is None:
        message = f"No clock is known for {city[:_LONGEST_CITY]}; ask for a larger city near it."
        raise ToolError(message)
    return f"In {city.strip().title()} it is {datetime.now(UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}."


@function_tool
async def end_call(context: RunContext[None]) -> str | None:
    """End the call. Use it when the caller says goodbye or wants to hang up, and at no other time.

    Say nothing beside it: you are asked for the goodbye afterwards.
    """
    speech, session = context.speech_handle, context.session
    # A caller who says something during the goodbye stays in the call.
    speech.add_done_callback(lambda done: None if done.interrupted else session.shutdown())
    await context.wait_for_playout()
    has_said = any(isinstance(item, ChatMessage) and item.text_content for item in speech.chat_items)
    return None if has_said else "Say goodbye to the caller in one short sentence."


@cache
def _zones() -> dict[str, str]:
    """Map cities to time zones by their names in the time zone database: `Asia/Tokyo` is where Tokyo is."""
    zones = {name.rsplit("/", 1)[-1].replace("_", " ").lower(): name for name in available_timezones() if "/" in name}
    return zones | {"san francisco": zones["los angeles"], "boston": zones["new york"]}


TOOLS: dict[str, Tool] = {"get_time": get_time, "end_call": end_call}
