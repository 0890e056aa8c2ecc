"""The errors of the demo that its user can do something about."""

from __future__ import annotations


class DemoError(Exception):
    """The demo can't continue.

    Its text says what happened and what to do, and is shown without a traceback.
    """
