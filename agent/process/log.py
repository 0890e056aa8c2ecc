"""What the log shows: JSON in production; in development what a person wants to read."""

import logging

from livekit.agents.cli.log import setup_logging

from agent.process.redaction import redact

_EVERY_START = (
    "starting worker",
    "plugin registered",
    "preloading plugins",
    "HTTP server listening",
    "initializing process",
    "process initialized",
    "process exiting",
    "no warmed process available",
    "shutting down worker",
)
# Said by the framework each time, and of no use to who has just started it.


def set_up_logging(level: str, *, dev: bool) -> None:
    """Set up the root logger, once, in the worker's own process; the jobs' records come there.

    Args:
        level: Name of a level; what callers say, and what each start says anyway, is shown at DEBUG only.
        dev: Coloured lines without routine instead of JSON.
    """
    setup_logging(level, devmode=dev, console=False, compact=dev)
    if level == "DEBUG":
        return
    for handler in logging.getLogger().handlers:
        handler.addFilter(redact)
        if dev:
            handler.addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(_EVERY_START)
