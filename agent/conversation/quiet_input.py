"""A microphone that takes little processor time while it is silent."""

from livekit import rtc
from livekit.agents.voice.io import AudioInput

from agent.conversation.band_levels import INAUDIBLE
from agent.conversation.voice_gate import is_silent

# Seconds of silence after which frames have 0.2 s instead of 0.05 s: longer than the silence that ends a turn.
_QUIET_AFTER = 1.0
_PIECE = 0.2


class QuietInput(AudioInput):
    """Passes long silence on in larger frames, since every frame passes a dozen queues. Sound is passed on at once.

    Args:
        source: The microphone.
    """

    def __init__(self, source: AudioInput) -> None:
        super().__init__(label="QuietInput", source=source)
        self._silent_for = 0.0

    async def __anext__(self) -> rtc.AudioFrame:
        """Wait for the next frame, or for enough silent ones to make a large frame."""
        frames = [await self._next()]
        seconds = frames[0].duration
        while self._silent_for > _QUIET_AFTER and seconds < _PIECE:
            frames.append(await self._next())
            seconds += frames[-1].duration
        return frames[0] if len(frames) == 1 else rtc.combine_audio_frames(frames)

    async def _next(self) -> rtc.AudioFrame:
        frame = await super().__anext__()
        self._silent_for = self._silent_for + frame.duration if is_silent(frame, INAUDIBLE) else 0.0
        return frame


class GainInput(AudioInput):
    """Makes a quiet voice louder. Silence passes unchanged: WebRTC's gain control would look for voices in it, too.

    Args:
        source: The microphone.
    """

    def __init__(self, source: AudioInput) -> None:
        super().__init__(label="GainInput", source=source)
        self._gain = rtc.AudioProcessingModule(auto_gain_control=True)

    async def __anext__(self) -> rtc.AudioFrame:
        """Wait for the next frame."""
        frame = await super().__anext__()
        if not is_silent(frame, INAUDIBLE):
            self._gain.process_stream(frame)
        return frame
