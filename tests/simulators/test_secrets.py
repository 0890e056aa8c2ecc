"""The stand-ins keep the product's rule: objects with a credential do not show it."""

from __future__ import annotations

import pytest

from simulators import app, liveavatar
from simulators.liveavatar.options import LiveKitServer

SECRET = "hush-hush"


@pytest.mark.parametrize(
    "options",
    [
        app.Options(api_key=SECRET),
        liveavatar.Options(api_key=SECRET, livekit=LiveKitServer("ws://127.0.0.1:7880", "devkey", SECRET)),
    ],
    ids=["all", "liveavatar"],
)
def test_options_do_not_show_their_keys(options: object) -> None:
    """Logged options show no key."""
    assert SECRET not in f"{options} {options!r}"
