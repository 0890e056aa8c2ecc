"""A call as a collector gets it, and its report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.control.waterfall import Turn
from agent.reports.collector import CallIdentity, Collector

if TYPE_CHECKING:
    from agent.reports.report import CallReport, TranscriptMode

START = 1_700_000_000.0
IDENTITY = CallIdentity("a room/with signs", "AJ_1", "Ada", {"order": "17"})
SAID = "Hello there. My number is 0151 23."
ASKED = "Write to joe@example.com, please."


def collected(mode: TranscriptMode = "full", *, shows_tools: bool = False) -> Collector:
    """Collect a call of a minute: an opening, a question, an answer that is cut, a tool and an avatar."""
    collector = Collector(IDENTITY, START, mode=mode, shows_tools=shows_tools)
    collector.sink("fallback", START)
    collector.session_started(1, "session-1", START + 1)
    collector.sink("avatar", START + 2)
    collector.playback_started(START + 3)
    for at, word in enumerate(("Hello ", "there. ", "My ", "number ", "is ", "0151 ", "23.")):
        collector.caption_shown(START + 3 + at, word)
    collector.playback_finished(START + 10, name="Ada", text=SAID, position=7.0, interrupted=False)
    collector.caller_said(ASKED, START + 11, START + 13)
    collector.turn(Turn(1, "speech", {"transcript": 0.2}))
    collector.turn(Turn(1, "speech", {"transcript": 0.2, "speaking": 1.1}))
    collector.tool_started("c1", "get_time", '{"city": "Rome"}', START + 13)
    collector.tool_ended("c1", "done", "It is noon.", START + 14.5)
    collector.playback_started(START + 15)
    collector.playback_finished(START + 17, name="Ada", text="It is", position=1.5, interrupted=True)
    collector.sink("silent", START + 40)
    collector.session_left(1, "the call is over")
    collector.session_stopped(1, START + 50)
    return collector


def made(
    mode: TranscriptMode = "full", *, shows_tools: bool = False, reason: str = "the caller has left"
) -> CallReport:
    """Return the report of that call."""
    return collected(mode, shows_tools=shows_tools).report(START + 60, reason)
