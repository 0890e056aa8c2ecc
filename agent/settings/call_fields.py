"""The fields of a call's configuration that CALL_FIELDS may let callers give."""

import re

from agent.settings.values import clean, word

# Not among them: `tools` and `webhook`, which reach into the worker's own files and network.
CALLER_FIELDS = frozenset(
    {
        "persona",
        "name",
        "avatar_id",
        "video_quality",
        "voice",
        "language",
        "model",
        "variables",
        "opening",
        "limits",
        "metadata",
    }
)

_NONE = {"none", "off", "no", "false"}


def read_call_fields(value: str) -> frozenset[str]:
    """Parse names of fields, separated by commas or blanks: `persona, voice`.

    Raises:
        ValueError: A field is not one that callers may be allowed to give.
    """
    if word(value) in _NONE:
        return frozenset()
    fields = frozenset(re.split(r"[,;\s]+", clean(value).lower().strip(",; ")))
    if others := sorted(fields - CALLER_FIELDS):
        message = f"callers can't be allowed to give {', '.join(others)}; allowed: {', '.join(sorted(CALLER_FIELDS))}"
        raise ValueError(message)
    return fields
