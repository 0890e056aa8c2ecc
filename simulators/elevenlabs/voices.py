"""Maps voice ids to the speaker's voices. The table, with some of the vendor's premade ids, is in a JSON file."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TypedDict

_TABLE = Path(__file__).with_name("voices.json")
_ANY_OTHER = "agent"


class ListedVoice(TypedDict):
    """One voice of the account."""

    voice_id: str
    name: str
    gender: str
    voice: str


@cache
def load_voices() -> list[ListedVoice]:
    """Load all voices of the account."""
    voices: list[ListedVoice] = json.loads(_TABLE.read_text())
    return voices


def voice_for(voice_id: str) -> str:
    """Return the speaker's voice for a voice id; the agent's voice for an unlisted id, such as a cloned voice."""
    return next((voice["voice"] for voice in load_voices() if voice["voice_id"] == voice_id), _ANY_OTHER)
