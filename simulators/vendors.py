"""The vendors that have a stand-in."""

from __future__ import annotations

from typing import Literal, get_args

Vendor = Literal["deepgram", "elevenlabs", "openai", "liveavatar"]
VENDORS: tuple[Vendor, ...] = get_args(Vendor)
