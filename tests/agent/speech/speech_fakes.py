"""A text-to-speech that follows a script, and an audio output with a playout clock."""

import asyncio
import time
from dataclasses import dataclass
from typing import Literal

from livekit import rtc
from livekit.agents import APIConnectionError, APIConnectOptions, utils
from livekit.agents.tts import TTS, AudioEmitter, ChunkedStream, SynthesizeStream, TTSCapabilities
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS, TimedString
from livekit.agents.voice.io import AudioOutput, AudioOutputCapabilities, TextOutput

RATE = 24_000


@dataclass(frozen=True, slots=True)
class Line:
    """The synthesis of a text: so much audio of one sample value, then perhaps an error."""

    seconds: float
    value: int
    fails: bool = False

    @property
    def pcm(self) -> bytes:
        return self.value.to_bytes(2, "little", signed=True) * round(self.seconds * RATE)


class ScriptedTTS(TTS[Literal["never"]]):
    """A text-to-speech with a script of texts; the first audio comes after `first_byte` seconds."""

    def __init__(
        self, script: dict[str, Line], *, streaming: bool = True, aligned: bool = False, first_byte: float = 0.0
    ) -> None:
        capabilities = TTSCapabilities(streaming=streaming, aligned_transcript=aligned)
        super().__init__(capabilities=capabilities, sample_rate=RATE, num_channels=1)
        self.script = script
        self.first_byte = first_byte
        self.asked: list[str] = []

    def synthesize(
        self, text: str, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS
    ) -> "ScriptedChunks":
        return ScriptedChunks(tts=self, input_text=text, conn_options=conn_options)

    def stream(self, *, conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS) -> "ScriptedStream":
        if not self.capabilities.streaming:
            raise NotImplementedError
        return ScriptedStream(tts=self, conn_options=conn_options)

    async def speak(self, text: str, emitter: AudioEmitter) -> None:
        self.asked.append(text)
        line = self.script[text]
        await asyncio.sleep(self.first_byte)
        if self.capabilities.aligned_transcript:
            emitter.push_timed_transcript(TimedString(text, start_time=0.0, end_time=line.seconds))
        emitter.push(line.pcm)
        if line.fails:
            emitter.flush()
            # An emitter that is closed at once drops its audio.
            await asyncio.sleep(0.1)
            raise APIConnectionError


class ScriptedChunks(ChunkedStream):
    async def _run(self, output_emitter: AudioEmitter) -> None:
        assert isinstance(self._tts, ScriptedTTS)
        output_emitter.initialize(request_id=utils.shortuuid(), sample_rate=RATE, num_channels=1, mime_type="audio/pcm")
        await self._tts.speak(self._input_text, output_emitter)


class ScriptedStream(SynthesizeStream):
    async def _run(self, output_emitter: AudioEmitter) -> None:
        assert isinstance(self._tts, ScriptedTTS)
        output_emitter.initialize(
            request_id=utils.shortuuid(), sample_rate=RATE, num_channels=1, mime_type="audio/pcm", stream=True
        )
        output_emitter.start_segment(segment_id=utils.shortuuid())
        text = "".join([data async for data in self._input_ch if isinstance(data, str)])
        self._mark_started()
        await self._tts.speak(text, output_emitter)
        output_emitter.end_segment()


class ClockedOutput(AudioOutput):
    """An output that plays at once and in real time, and records what it gets.

    Attributes:
        heard: Samples that it got.
        segments: Number of complete segments.
        reported: Reported playback position of each segment, in seconds.
    """

    def __init__(self) -> None:
        super().__init__(label="clocked", capabilities=AudioOutputCapabilities(pause=True), sample_rate=RATE)
        self.heard = bytearray()
        self.segments = 0
        self.reported: list[float] = []
        self._changed = asyncio.Condition()
        self._given = 0.0
        self._played = 0.0
        self._since: float | None = None
        self._ending: asyncio.TimerHandle | None = None

    async def wait_for_audio(self, seconds: float) -> None:
        """Wait until it got so many seconds of audio."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.heard) >= round(seconds * RATE) * 2)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        self.heard += bytes(frame.data)
        self._given += frame.duration
        if self._since is None:
            self._since = asyncio.get_running_loop().time()
            self.on_playback_started(created_at=time.time())
        async with self._changed:
            self._changed.notify_all()

    def flush(self) -> None:
        super().flush()
        if self._since is not None and self._ending is None:
            self.segments += 1
            self._ending = asyncio.get_running_loop().call_later(self._given - self._position(), self._finish, False)

    def clear_buffer(self) -> None:
        if self._since is not None:
            self._finish(True)

    def _position(self) -> float:
        assert self._since is not None
        return min(asyncio.get_running_loop().time() - self._since, self._given)

    def _finish(self, interrupted: bool) -> None:
        position = self._position() if interrupted else self._given
        if self._ending is not None:
            self._ending.cancel()
        self._given, self._since, self._ending = 0.0, None, None
        self.reported.append(position)
        self.on_playback_finished(playback_position=position, interrupted=interrupted)


class Captions(TextOutput):
    """A text output that records the captions that it gets."""

    def __init__(self) -> None:
        super().__init__(label="captions", next_in_chain=None)
        self.texts: list[str] = []

    async def capture_text(self, text: str) -> None:
        self.texts.append(text)

    def flush(self) -> None: ...
