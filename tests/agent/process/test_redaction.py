from __future__ import annotations

import logging
import sys

import pytest

from agent.process.log import set_up_logging
from agent.process.redaction import redact


def record(message: str, *args: object, **fields: object) -> logging.LogRecord:
    """Make a log record with fields, as the framework's logger does."""
    made = logging.LogRecord("livekit.agents", logging.WARNING, __file__, 1, message, args, None)
    vars(made).update(fields)
    return made


def test_fields_with_spoken_words_are_left_out() -> None:
    """They are those that the framework marks as personal, and some that it does not mark; other fields stay."""
    fields = {"lk.pii.user_input": "a wish", "text_sent": "an answer", "tool_calls_sent": ["wish"], "attempt": 2}
    redacted = record("skipping a reply", **fields)

    assert redact(redacted)
    assert [name for name in fields if hasattr(redacted, name)] == ["attempt"]
    assert redacted.getMessage() == "skipping a reply"


def test_a_quoted_text_is_left_out_of_messages() -> None:
    """The framework's error quotes the text that could not be synthesised."""
    redacted = record("failed: %s, retrying", "no audio frames were pushed for text: a secret\nwish")
    redact(redacted)

    assert redacted.getMessage() == "failed: no audio frames were pushed for text: [redacted]"


def test_a_quoted_text_is_left_out_of_tracebacks() -> None:
    """The traceback of the logged exception stays otherwise."""
    redacted = record("Error in a task")
    text = "a secret wish"
    try:
        raise RuntimeError(f"no audio frames were pushed for text: {text}")  # noqa: EM102, TRY003, TRY301 - as it is done
    except RuntimeError:
        redacted.exc_info = sys.exc_info()
    redact(redacted)
    shown = logging.Formatter().format(redacted).splitlines()

    assert shown[1].startswith("Traceback")
    assert shown[-1] == "RuntimeError: no audio frames were pushed for text: [redacted]"


@pytest.mark.parametrize(("level", "is_redacted"), [("INFO", True), ("WARNING", True), ("DEBUG", False)])
@pytest.mark.parametrize("dev", [True, False])
def test_the_log_is_redacted_except_at_debug(level: str, is_redacted: bool, dev: bool) -> None:
    """This holds in production and in development; the debug level shows everything."""
    root = logging.getLogger()
    before, root.handlers, level_before = root.handlers, [], root.level
    try:
        set_up_logging(level, dev=dev)
        filters = [handler.filters for handler in root.handlers]
    finally:
        root.handlers = before
        root.setLevel(level_before)

    assert [redact in each for each in filters] == [is_redacted]
