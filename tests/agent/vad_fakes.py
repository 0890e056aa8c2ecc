"""Voice activity detection that follows the test, in real time."""

from __future__ import annotations

import asyncio
from typing import Any

from livekit.agents import vad

_WINDOW = 0.032


class ScriptedVAD(vad.VAD):
    """A voice activity detection that hears a voice when the test says so.

    Args:
        silence: Seconds of silence that end a voice.
    """

    def __init__(self, silence: float = 0.3) -> None:
        super().__init__(capabilities=vad.VADCapabilities(update_interval=_WINDOW))
        self._silence = silence
        self.min_silence_duration = silence
        self._streams: list[ScriptedVADStream] = []

    def stream(self) -> ScriptedVADStream:
        self._streams.append(ScriptedVADStream(self))
        return self._streams[-1]

    async def voice(self, seconds: float) -> None:
        """Simulate a voice of this length, in seconds, and return at its end."""
        await self._streams[-1].voice(seconds, self._silence)


class ScriptedVADStream(vad.VADStream):
    async def voice(self, seconds: float, silence: float) -> None:
        kind = vad.VADEventType
        self._tell(kind.START_OF_SPEECH, 0.05, speaking=True)
        for window in range(1, round(seconds / _WINDOW)):
            await asyncio.sleep(_WINDOW)
            self._tell(kind.INFERENCE_DONE, 0.05 + window * _WINDOW, raw_accumulated_speech=0.1, speaking=True)
        await asyncio.sleep(silence)
        self._tell(kind.END_OF_SPEECH, seconds, silence_duration=silence)

    def _tell(self, kind: vad.VADEventType, duration: float, *, silence_duration: float = 0.0, **given: Any) -> None:
        event = vad.VADEvent(kind, 0, 0.0, duration, silence_duration, **given)
        self._event_ch.send_nowait(event)

    async def _main_task(self) -> None:
        async for _ in self._input_ch:
            pass
