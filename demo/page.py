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
    """Where the page is on this machine, with the secret it needs, which its fragment keeps off the wire."""
    secret = settings.secret
    return f"{page_url(settings.web_host, settings.web_port or 0)}/" + (
        f"#secret={quote(secret, safe='')}" if secret else ""
    )


def somebody_looks(environment: Mapping[str, str], platform: str, *, is_terminal: bool) -> bool:
    """Tell whether there is a person at a terminal, with a display for a browser.

    Args:
        environment: Its variables; `CI` is set where tests run.
        platform: As `sys.platform` names it; macOS and Windows always have a display.
        is_terminal: Whether what is printed goes to one.
    """
    has_display = platform in {"darwin", "win32"} or any(environment.get(n) for n in ("DISPLAY", "WAYLAND_DISPLAY"))
    return is_terminal and has_display and not environment.get("CI")


def open_in_browser(link: str) -> None:
    """Open a link, and don't wait: some browsers come back when they are closed."""
    threading.Thread(target=webbrowser.open, args=(link,), daemon=True).start()
