"""What the demo shows before a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from agent.settings import Settings
from demo.invitation import Invitation
from demo.screen import UNREACHABLE, show_invitation, show_parts


@pytest.mark.parametrize(("key", "warns"), [("a-real-key", True), ("", False)])
def test_a_real_avatar_is_not_promised_on_a_server_it_can_not_reach(key: str, warns: bool) -> None:
    """With a real key and a server on this machine, a line says that LiveAvatar can't come."""
    settings = Settings(liveavatar_api_key=SecretStr(key), stand_ins_url="http://127.0.0.1:7900")
    console = Console(record=True, width=200, quiet=False)
    show_parts(console, settings, Path("logs"), own_livekit=True)

    assert (UNREACHABLE in console.export_text()) is warns


def test_the_page_is_what_is_seen_first() -> None:
    """Then what to say, then Meet and other clients; no link is broken into lines."""
    console = Console(record=True, width=40, quiet=False)
    invitation = Invitation("ws://127.0.0.1:7880", "a-token-that-is-longer-than-the-line-is-wide")
    show_invitation(console, "http://127.0.0.1:7890/#secret=long-enough-for-two-lines", invitation)
    text = console.export_text()

    wanted = ("http://127.0.0.1:7890/#secret=long-enough-for-two-lines", "Tokyo", invitation.link, invitation.token)
    places = [text.index(each) for each in wanted]
    assert places == sorted(places)


def test_where_only_the_page_lets_in_nothing_else_is_offered() -> None:
    """A room of LiveAvatar's is made when somebody comes, and nobody can be invited before."""
    console = Console(record=True, width=80, quiet=False)
    show_invitation(console, "http://127.0.0.1:7890/", None)
    text = console.export_text()

    assert "http://127.0.0.1:7890/" in text
    assert "Meet" not in text
