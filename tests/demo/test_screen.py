"""The demo's output before a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from agent.settings import Settings
from demo.invitation import Invitation
from demo.screen import HOSTED, show_invitation, show_parts


@pytest.mark.parametrize(("url", "hosted"), [("", True), ("ws://127.0.0.1:7880", False)])
def test_a_room_of_liveavatars_is_shown_as_one(url: str, hosted: bool) -> None:
    """If no LiveKit server is started, the table says where the call takes place, and why there."""
    settings = Settings(livekit_url=url, liveavatar_api_key=SecretStr("a-real-key"))
    console = Console(record=True, width=200, quiet=False)
    show_parts(console, settings, Path("logs"), own_livekit=bool(url))

    assert (HOSTED in console.export_text()) is hosted


def test_the_page_is_shown_first() -> None:
    """Example sentences, Meet and other clients follow; no link is broken into lines."""
    console = Console(record=True, width=40, quiet=False)
    invitation = Invitation("ws://127.0.0.1:7880", "a-token-that-is-longer-than-the-line-is-wide")
    show_invitation(console, "http://127.0.0.1:7890/#secret=long-enough-for-two-lines", invitation)
    text = console.export_text()

    wanted = (
        "Open this page to call",
        "http://127.0.0.1:7890/#secret=long-enough-for-two-lines",
        "Tokyo",
        invitation.link,
        invitation.token,
    )
    places = [text.index(each) for each in wanted]
    assert places == sorted(places)


def test_only_the_page_is_offered_when_only_it_can_create_the_room() -> None:
    """A room of LiveAvatar's is created when a caller comes, so there is no invitation before."""
    console = Console(record=True, width=80, quiet=False)
    show_invitation(console, "http://127.0.0.1:7890/", None)
    text = console.export_text()

    assert "http://127.0.0.1:7890/" in text
    assert "Meet" not in text


def test_a_missing_page_is_not_offered() -> None:
    """Other clients are offered first then."""
    console = Console(record=True, width=80, quiet=False)
    show_invitation(console, None, Invitation("ws://127.0.0.1:7880", "a-token"))
    text = console.export_text()

    assert "Call from LiveKit Meet" in text
    assert "this page" not in text
    assert "7890" not in text
