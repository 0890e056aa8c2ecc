"""The demo's page: its link, and when it is opened."""

from __future__ import annotations

import threading
import webbrowser

import pytest

from agent.settings import Settings
from demo.page import open_in_browser, page_link, somebody_looks


@pytest.mark.parametrize(
    ("secret", "link"),
    [("", "http://127.0.0.1:7890/"), ("a secret&more", "http://127.0.0.1:7890/#secret=a%20secret%26more")],
)
def test_the_link_has_the_secret_in_its_fragment(secret: str, link: str) -> None:
    """No server sees it there, and the demo's user need not type it."""
    assert page_link(Settings.model_validate({"web_secret": secret, "web_port": 7890})) == link


@pytest.mark.parametrize(
    ("environment", "platform", "is_terminal", "looks"),
    [
        ({"DISPLAY": ":0"}, "linux", True, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True, True),
        ({}, "darwin", True, True),
        ({}, "linux", True, False),
        ({"DISPLAY": ""}, "linux", True, False),
        ({"DISPLAY": ":0"}, "linux", False, False),
        ({"DISPLAY": ":0", "CI": "true"}, "linux", True, False),
        ({}, "darwin", False, False),
    ],
)
def test_the_page_is_opened_only_for_a_person(
    environment: dict[str, str], platform: str, is_terminal: bool, looks: bool
) -> None:
    """The page is opened only at a terminal with a display, and not in CI."""
    assert somebody_looks(environment, platform, is_terminal=is_terminal) is looks


def test_the_browser_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A browser that stays in the foreground does not block the demo."""
    opened: list[str] = []
    is_open, may_close = threading.Event(), threading.Event()

    class Browser(webbrowser.BaseBrowser):
        def open(self, url: str, new: int = 0, autoraise: bool = True) -> bool:  # noqa: FBT002 - its signature
            opened.append(url)
            is_open.set()
            return may_close.wait(10.0)

    monkeypatch.setattr(webbrowser, "_browsers", {})
    monkeypatch.setattr(webbrowser, "_tryorder", [])
    webbrowser.register("foreground", None, Browser(), preferred=True)
    open_in_browser("http://127.0.0.1:7890/")

    assert is_open.wait(10.0)
    may_close.set()
    assert opened == ["http://127.0.0.1:7890/"]
