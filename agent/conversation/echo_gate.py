"""A microphone from which the agent's own voice is removed."""

import asyncio

from livekit import rtc
from livekit.agents.voice.io import AudioInput

from agent.conversation.band_levels import CELL, LevelMeter
from agent.conversation.echo_path import EchoPath
from agent.conversation.played_sound import PlayedSound, first_channel

# Cells by which the microphone's clock, which counts its samples, may be behind the event loop's: 0.3 s. Frames come
# late and in bursts; a muted microphone sends none.
_MOST_BEHIND = 15


class EchoGate(AudioInput):
    """Replaces the agent's own voice with silence for voice activity detection and speech-to-text.

    Args:
        source: The microphone.
        played: The sound of the agent that is heard.
    """

    def __init__(self, source: AudioInput, played: PlayedSound) -> None:
        super().__init__(label="EchoGate", source=source)
        self._played = played
        self._path = EchoPath()
        self._meter = LevelMeter()
        self._until = 0
        self._is_echo = False

    async def __anext__(self) -> rtc.AudioFrame:
        """Wait for the next frame; it is silent if it is the agent's own voice."""
        frame = await super().__anext__()
        heard = self._meter.take(first_channel(frame), frame.sample_rate)
        if len(heard):
            begin, self._until = self._span(len(heard))
            self._is_echo = self._path.is_echo(heard, self._played.between(begin, self._until))
        if not self._is_echo:
            return frame
        size = len(frame.data) * frame.data.itemsize
        return rtc.AudioFrame(bytes(size), frame.sample_rate, frame.num_channels, frame.samples_per_channel)

    def _span(self, cells: int) -> tuple[int, int]:
        """Return the cells of the event loop's time to which the next cells of the microphone belong."""
        now = int(asyncio.get_running_loop().time() / CELL)
        until = self._until + cells
        if not now - _MOST_BEHIND <= until <= now:
            until = now
        return until - cells, until
