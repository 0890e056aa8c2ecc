"""Keeps what is said in a call out of the log: the framework's records carry some of it, beside what went wrong."""

import logging
import re

_PERSONAL = ("lk.pii.", "text_sent", "tool_calls_sent")
# Beginnings of the names of fields: the framework's mark for what is personal, and two that it forgot to mark.

_QUOTATION = re.compile(r"(?<=were pushed for text: )(?!\{).*", re.DOTALL)
# An error of its text to speech quotes the text; a traceback has the line of code before, with a brace there.

_REDACTED = "[redacted]"


def redact(record: logging.LogRecord) -> bool:
    """Take what was said out of a record; a filter for handlers, which keeps all records."""
    for name in [name for name in vars(record) if name.startswith(_PERSONAL)]:
        delattr(record, name)
    message = record.getMessage()
    if _QUOTATION.search(message):
        record.msg, record.args = _QUOTATION.sub(_REDACTED, message), ()
    if record.exc_info:
        record.exc_text = record.exc_text or logging.Formatter().formatException(record.exc_info)
        record.exc_info = None
    if record.exc_text:
        record.exc_text = _QUOTATION.sub(_REDACTED, record.exc_text)
    return True
