"""What the demo shows before a call."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from rich.console import Console

from agent.settings import Settings
from demo.screen import UNREACHABLE, show_parts


@pytest.mark.parametrize(("key", "warns"), [("a-real-key", True), ("", False)])
def test_a_real_avatar_is_not_promised_on_a_server_it_can_not_reach(key: str, warns: bool) -> None:
    """With a real key and a server on this machine, a line says that LiveAvatar can't come."""
    settings = Settings(liveavatar_api_key=SecretStr(key), stand_ins_url="http://127.0.0.1:7900")
    console = Console(record=True, width=200, quiet=False)
    show_parts(console, settings, Path("logs"), own_livekit=True)

    assert (UNREACHABLE in console.export_text()) is warns
