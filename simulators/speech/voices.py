"""The voices: espeak-ng's own variants, tuned. The table is in voices.json."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

_TABLE = Path(__file__).with_name("voices.json")


@dataclass(frozen=True, slots=True)
class Voice:
    """The settings of espeak-ng for one voice; see espeak-ng's speak_lib.h for the scales."""

    # Language and variant, such as `en-us+f5`.
    variant: str
    words_per_minute: int
    # 0 to 100; 50 is the variant's own pitch.
    pitch: int
    # 0 to 100; 0 is monotone.
    pitch_range: int
    # Percent.
    volume: int


def load_voices() -> dict[str, Voice]:
    """Load all voices by name."""
    return {name: Voice(**fields) for name, fields in json.loads(_TABLE.read_text()).items()}
