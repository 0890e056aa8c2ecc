"""The sound of the browser's microphone: a WAV file of speech and silence."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING

import numpy as np

from demo.call.levels import RATE_HZ, Samples

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from demo.call.voices import StandIns


async def write_wav(path: Path, voice: StandIns, script: Sequence[str | float]) -> Path:
    """Write sentences and the seconds of silence between them; 48 kHz mono.

    Args:
        path: Path of the file.
        voice: Has the voice of the sentences.
        script: Sentences, and seconds.
    """
    parts = [await voice.speak(part) if isinstance(part, str) else _silence(part) for part in script]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.concatenate(parts).tobytes())
    return path


def _silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), np.int16)
