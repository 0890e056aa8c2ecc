"""What the language model may call. A persona names the tools that it wants."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from livekit.agents import RunContext, ToolError, function_tool
from livekit.agents.llm import ChatMessage, Tool

from agent.settings import SettingsError

_PARTS_OF_DAY = ((5, "in the night"), (12, "in the morning"), (18, "in the afternoon"), (22, "in the evening"))
_HOURS = ("twelve", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven")
_TENS = ("", "", "twenty", "thirty", "forty", "fifty")
_LONGEST_CITY = 60
# Characters; what a language model passes on may be anything that was written in the room.

_ONES = (
    *("", *_HOURS[1:]),
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
)


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
    return f"In {city.strip().title()} it is {spoken_time(datetime.now(UTC), ZoneInfo(zone))}."


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


def spoken_time(now: datetime, zone: tzinfo) -> str:
    """The time as one says it: `three oh five in the afternoon`."""
    local = now.astimezone(zone)
    part = next((part for until, part in _PARTS_OF_DAY if local.hour < until), "in the night")
    return " ".join(word for word in (_HOURS[local.hour % 12], _spoken_minute(local.minute), part) if word)


def tools_named(names: Iterable[str]) -> list[Tool]:
    """The tools that a persona names.

    Raises:
        SettingsError: There is no tool of that name.
    """
    unknown = [name for name in names if name not in TOOLS]
    if unknown:
        raise SettingsError([f"PERSONA: there is no tool {name}; there is {', '.join(TOOLS)}" for name in unknown])
    return [TOOLS[name] for name in names]


def _spoken_minute(minute: int) -> str:
    if minute < 10:  # noqa: PLR2004 - one digit
        return f"oh {_ONES[minute]}" if minute else ""
    if minute < len(_ONES):
        return _ONES[minute]
    return f"{_TENS[minute // 10]} {_ONES[minute % 10]}".strip()


@cache
def _zones() -> dict[str, str]:
    """Cities by their names in the time zone database: `Asia/Tokyo` is where Tokyo is."""
    zones = {name.rsplit("/", 1)[-1].replace("_", " ").lower(): name for name in available_timezones() if "/" in name}
    return zones | {"san francisco": zones["los angeles"], "boston": zones["new york"]}


TOOLS: dict[str, Tool] = {"get_time": get_time, "end_call": end_call}
