"""The page of the demo: its link, and whether this machine has a display to open it on."""

from __future__ import annotations

import threading
import webbrowser
from typing import TYPE_CHECKING
from urllib.parse import quote

from agent.web.serve import page_url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from agent.settings import Settings


def page_link(settings: Settings) -> str:
    """Return the page's address on this machine, with its secret in the fragment, which is never sent."""
    secret = settings.secret
    return f"{page_url(settings.web_host, settings.web_port or 0)}/" + (
        f"#secret={quote(secret, safe='')}" if secret else ""
    )


def somebody_looks(environment: Mapping[str, str], platform: str, *, is_terminal: bool) -> bool:
    """Return whether a person is at a terminal, with a display for a browser.

    Args:
        environment: Environment variables; `CI` is set where tests run.
        platform: As in `sys.platform`; macOS and Windows always have a display.
        is_terminal: True if the output goes to a terminal.
    """
    has_display = platform in {"darwin", "win32"} or any(environment.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY"))
    return is_terminal and has_display and not environment.get("CI")


def open_in_browser(link: str) -> None:
    """Open a link without waiting: some browsers return only when they are closed."""
    threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()
