"""Removes spoken words from log records: the framework attaches some to its messages."""

import logging
import re

# Prefixes of field names: the framework's mark for personal data, and two fields that lack it.
_PERSONAL = ("lk.pii.", "text_sent", "tool_calls_sent")

# An error of the framework's text-to-speech quotes the text. In a traceback the line of code comes first, which has a
# brace there.
_QUOTATION = re.compile(r"(?<=were pushed for text: )(?!\{).*", re.DOTALL)

_REDACTED = "[redacted]"


def redact(record: logging.LogRecord) -> bool:
    """Remove spoken words from a record; a handler filter that keeps every record."""
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
