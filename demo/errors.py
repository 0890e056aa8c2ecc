"""What can go wrong in the demo in a way its reader can do something about."""

from __future__ import annotations


class DemoError(Exception):
    """The demo cannot go on.

    Its text is complete: what happened, and what to do. It is shown as it is, without a traceback.
    """
