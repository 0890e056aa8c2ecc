"""Finds where speech begins and ends in a stream of audio. Pure: the clock is the position in the audio."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from simulators.speech.audio import SAMPLE_BYTES, duration

_FRAME = 0.02  # seconds
_PRE_ROLL_FRAMES = 15  # kept from before the onset: a soft first consonant is below the threshold
_ONSET_FRAMES = 3  # shorter is a click
_ABOVE_FLOOR = 3.0  # multiple of the noise floor that counts as speech (10 dB)
_LEAST_LEVEL = 150.0  # RMS below which nothing counts as speech
_FLOOR_RISE = 1.01  # factor per frame: a new steady noise is learnt in seconds, a word is not
_LEAST_SILENCE = 0.3  # seconds: the recogniser needs whole phrases, a comma's pause lasts 0.2 s, a full stop's 0.3 s
_LONGEST = 20.0  # seconds of one utterance; longer ones are cut, as the service does


@dataclass(slots=True)
class Utterance:
    """A stretch of speech, still growing or ended. Times are seconds from the start of the stream."""

    start: float
    rate_hz: int
    voiced_end: float
    pcm: bytearray = field(default_factory=bytearray)

    @property
    def end(self) -> float:
        """The end of its audio, silence included."""
        return self.start + duration(self.pcm, self.rate_hz)

    @property
    def silence(self) -> float:
        """Seconds of silence at its end."""
        return self.end - self.voiced_end


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The start of speech."""

    at: float


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The end of an utterance, or its cut because it grew too long."""

    utterance: Utterance
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class SilenceLasted:
    """Silence for the time of `utterance_end_ms`."""

    last_word_end: float


Event = SpeechStarted | SpeechEnded | SilenceLasted


class Endpointer:
    """Cuts a stream of 16-bit mono PCM into utterances by its energy over an adaptive noise floor.

    Args:
        rate_hz: Sample rate of the stream.
        endpointing: Seconds of silence that end an utterance, at least a pause within a phrase; None: only `finalize`
            ends it.
        utterance_end: Seconds of silence after which `SilenceLasted` is reported once; None: never.
    """

    def __init__(self, rate_hz: int, *, endpointing: float | None, utterance_end: float | None = None) -> None:
        self.utterance: Utterance | None = None
        self.position = 0.0
        self._rate_hz = rate_hz
        self._frame_bytes = SAMPLE_BYTES * round(_FRAME * rate_hz)
        self._endpointing = None if endpointing is None else max(endpointing, _LEAST_SILENCE)
        self._utterance_end = utterance_end
        self._rest = b""
        self._recent: deque[bytes] = deque(maxlen=_PRE_ROLL_FRAMES)
        self._voiced_frames = 0
        self._floor = _LEAST_LEVEL
        self._voiced_end: float | None = None

    def push(self, pcm: bytes) -> list[Event]:
        """Take more audio, any number of bytes; an incomplete frame waits for the next call."""
        audio = self._rest + pcm
        whole = len(audio) - len(audio) % self._frame_bytes
        self._rest = audio[whole:]
        frames = (audio[at : at + self._frame_bytes] for at in range(0, whole, self._frame_bytes))
        return [event for frame in frames for event in self._hear(frame)]

    def finalize(self) -> Utterance | None:
        """End the utterance now."""
        utterance, self.utterance = self.utterance, None
        self._recent.clear()
        self._voiced_frames = 0
        return utterance

    def _hear(self, frame: bytes) -> list[Event]:
        is_voiced = self._is_voiced(frame)
        self.position += duration(frame, self._rate_hz)
        if self.utterance is None:
            return self._wait_for_speech(frame, is_voiced=is_voiced)
        self.utterance.pcm += frame
        if is_voiced:
            self.utterance.voiced_end = self._voiced_end = self.position
        return self._ended(self.utterance)

    def _is_voiced(self, frame: bytes) -> bool:
        samples = np.frombuffer(frame, np.int16).astype(np.float32)
        level = float(np.sqrt(np.mean(samples * samples)))
        self._floor = min(max(level, 1.0), self._floor * _FLOOR_RISE)
        return level > max(_LEAST_LEVEL, _ABOVE_FLOOR * self._floor)

    def _wait_for_speech(self, frame: bytes, *, is_voiced: bool) -> list[Event]:
        self._recent.append(frame)
        self._voiced_frames = self._voiced_frames + 1 if is_voiced else 0
        if self._voiced_frames < _ONSET_FRAMES:
            return self._silence_lasted()
        pcm = bytearray().join(self._recent)
        start = self.position - duration(pcm, self._rate_hz)
        self.utterance = Utterance(start, self._rate_hz, self.position, pcm)
        self._voiced_end = self.position
        self._recent.clear()
        self._voiced_frames = 0
        return [SpeechStarted(self.position - _ONSET_FRAMES * _FRAME)]

    def _ended(self, utterance: Utterance) -> list[Event]:
        is_over = self._endpointing is not None and utterance.silence >= self._endpointing
        if not is_over and utterance.end - utterance.start < _LONGEST:
            return self._silence_lasted()
        self.finalize()
        return [SpeechEnded(utterance, is_cut=not is_over), *self._silence_lasted()]

    def _silence_lasted(self) -> list[Event]:
        if self._utterance_end is None or self._voiced_end is None:
            return []
        if self.position - self._voiced_end < self._utterance_end:
            return []
        last_word_end, self._voiced_end = self._voiced_end, None
        return [SilenceLasted(last_word_end)]
