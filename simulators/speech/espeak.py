"""espeak-ng through ctypes, in its own process: `python -m simulators.speech.espeak`.

espeak-ng is GPL-3: only this process loads it, and the rest of the program talks to it through a pipe.
"""

from __future__ import annotations

import ctypes
from typing import Any

import espeakng_loader

from simulators.speech.frames import Frame, serve

# Constants of speak_lib.h, espeak-ng 1.52.
_OUTPUT_SYNCHRONOUS = 2
_CHARS_UTF8 = 1
_POS_CHARACTER = 1
_EVENT_LIST_END = 0
_EVENT_WORD = 1
_EVENT_END = 5
_PARAMETERS = {"words_per_minute": 1, "volume": 2, "pitch": 3, "pitch_range": 4}


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),  # of the first character, counted from 1
        ("length", ctypes.c_int),
        ("audio_position_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_EVENTS = ctypes.POINTER(_Event)
_SAMPLES = ctypes.POINTER(ctypes.c_short)
_SynthCallback = ctypes.CFUNCTYPE(ctypes.c_int, _SAMPLES, ctypes.c_int, _EVENTS)


class Espeak:
    """The library, which has global state: one voice and one text at a time."""

    def __init__(self) -> None:
        self._lib = ctypes.CDLL(espeakng_loader.get_library_path())
        data_path = espeakng_loader.get_data_path().encode()
        self.rate_hz: int = self._lib.espeak_Initialize(_OUTPUT_SYNCHRONOUS, 0, data_path, 0)
        if self.rate_hz <= 0:
            message = "espeak-ng found no voice data"
            raise RuntimeError(message)
        self._pcm = bytearray()
        self._marks: list[tuple[int, float]] = []
        self._callback = _SynthCallback(self._collect)  # kept: the library holds a bare pointer to it
        self._lib.espeak_SetSynthCallback(self._callback)

    def speak(self, text: str, voice: dict[str, Any]) -> Frame:
        """Speak `text`; the answer's marks are pairs of a character's index and its time in seconds."""
        self._pcm.clear()
        self._marks.clear()
        self._set_voice(voice)
        data = text.encode() + b"\0"
        self._lib.espeak_Synth(data, len(data), 0, _POS_CHARACTER, 0, _CHARS_UTF8, None, None)
        self._lib.espeak_Synchronize()
        return Frame({"rate_hz": self.rate_hz, "marks": self._marks}, bytes(self._pcm))

    def _set_voice(self, voice: dict[str, Any]) -> None:
        if self._lib.espeak_SetVoiceByName(voice["variant"].encode()):
            message = f"espeak-ng has no voice {voice['variant']!r}"
            raise ValueError(message)
        for name, number in _PARAMETERS.items():
            self._lib.espeak_SetParameter(number, voice[name], 0)

    def _collect(self, samples: Any, count: int, events: Any) -> int:
        if samples and count > 0:
            self._pcm += ctypes.string_at(samples, 2 * count)
        index = 0
        while events[index].type != _EVENT_LIST_END:
            event = events[index]
            if event.type in (_EVENT_WORD, _EVENT_END):
                self._marks.append((event.text_position - 1, event.sample / self.rate_hz))
            index += 1
        return 0


def _start() -> Any:
    espeak = Espeak()
    return lambda question: espeak.speak(question.fields["text"], question.fields["voice"])


if __name__ == "__main__":
    serve(_start)
