"""Voice activity detection that takes no processor time while the microphone is silent."""

from collections import deque
from typing import Any

import numpy as np
from livekit import rtc
from livekit.plugins import silero

from agent.conversation.band_levels import is_below

# A sample's limit for silence, of 32768: -60 dB. Silero finds no voice whose loudest sample is below about 160. The
# noise that Opus leaves in silence, and a browser's after noise suppression, is quieter than this.
_SILENT = 32

# Seconds of silence after which frames are held back: longer than a detected voice takes to end (`VOICE_ENDS_AFTER`,
# and the time constant of Silero's plugin).
_OPEN_FOR = 1.0

# Seconds before a sound that are passed on with it: its first consonant may be below the limit.
_BEFORE = 0.2


class VoiceGate:
    """Holds back the silence between sounds. Pure: times are durations of audio."""

    def __init__(self) -> None:
        self._silent_for = 0.0
        self._held = deque[rtc.AudioFrame]()
        self._held_for = 0.0

    def take(self, frame: rtc.AudioFrame) -> list[rtc.AudioFrame]:
        """Take the next frame of a microphone, and return the frames that may contain a voice."""
        if not is_silent(frame):
            frames = [*self._held, frame]
            self._held.clear()
            self._silent_for = self._held_for = 0.0
            return frames
        self._silent_for += frame.duration
        if self._silent_for <= _OPEN_FOR:
            return [frame]
        self._held.append(frame)
        self._held_for += frame.duration
        while self._held_for - self._held[0].duration >= _BEFORE:
            self._held_for -= self._held.popleft().duration
        return []


def is_silent(frame: rtc.AudioFrame, limit: int = _SILENT) -> bool:
    """Return whether every sample of a frame is below the limit, of 32768."""
    return is_below(np.frombuffer(frame.data, np.int16), limit)


class GatedVAD(silero.VAD):
    """Silero's voice activity detection that runs only during sound; it would run 31 inferences a second otherwise."""

    def stream(self) -> Any:
        """Open a stream that ignores silence between sounds."""
        stream, gate = super().stream(), VoiceGate()
        detect = stream.push_frame

        def push_frame(frame: rtc.AudioFrame) -> None:
            for each in gate.take(frame):
                detect(each)

        stream.push_frame = push_frame  # type: ignore[method-assign] # the plugin makes its streams itself
        return stream
