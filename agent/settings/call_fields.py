"""The fields of a call's configuration that callers may give, by CALL_FIELDS."""

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
    """Read names of fields, with commas or blanks between them: `persona, voice`.

    Raises:
        ValueError: A field is not one that callers may be allowed to give.
    """
    if word(value) in _NONE:
        return frozenset()
    fields = frozenset(re.split(r"[,;\s]+", clean(value).lower().strip(",; ")))
    if others := sorted(fields - CALLER_FIELDS):
        message = f"callers can't be allowed to give {', '.join(others)}; there is {', '.join(sorted(CALLER_FIELDS))}"
        raise ValueError(message)
    return fields
