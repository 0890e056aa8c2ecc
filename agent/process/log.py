"""Sets up logging: JSON lines in production, readable lines without routine messages in development."""

import logging

from livekit.agents.cli.log import setup_logging

from agent.process.redaction import redact

# Messages of the framework at each start and end of a process, which are not shown in development.
_ROUTINE = (
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


def set_up_logging(level: str, *, dev: bool) -> None:
    """Set up the root logger, once, in the worker's own process, which receives the records of its jobs.

    Args:
        level: Name of the minimum level. Only DEBUG shows what callers say, and routine messages.
        dev: True for coloured lines without routine messages, False for JSON.
    """
    setup_logging(level, devmode=dev, console=False, compact=dev)
    if level == "DEBUG":
        return
    for handler in logging.getLogger().handlers:
        handler.addFilter(redact)
        if dev:
            handler.addFilter(_is_no_routine)


def _is_no_routine(record: logging.LogRecord) -> bool:
    return not record.getMessage().startswith(_ROUTINE)
