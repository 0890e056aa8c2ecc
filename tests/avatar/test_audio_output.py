"""The framework's side of the avatar: the events of each segment."""

import asyncio
from typing import TYPE_CHECKING

import pytest
from livekit import rtc
from livekit.agents.types import USERDATA_TIMED_TRANSCRIPT, TimedString

from avatar.audio_output import AvatarAudioOutput
from simulators.liveavatar.model import Habits
from tests.avatar.virtual_call import RATE, VirtualCall, virtual_call

if TYPE_CHECKING:
    from livekit.agents.voice.io import PlaybackProgressedEvent, PlaybackStartedEvent

pytestmark = pytest.mark.looptime

FAST = Habits.fast()


def output_of(call: VirtualCall) -> AvatarAudioOutput:
    """Return the output under test."""
    assert isinstance(call.output, AvatarAudioOutput)
    return call.output


async def test_the_framework_reads_the_avatars_capabilities() -> None:
    """The framework resamples to 24 kHz, and pauses instead of interrupting."""
    async with virtual_call(FAST) as call:
        assert call.output.sample_rate == 24_000
        assert call.output.can_pause


async def test_a_segment_starts_progresses_and_finishes_once() -> None:
    """The progress adds up to the position, run by run."""
    async with virtual_call(FAST) as call:
        starts: list[PlaybackStartedEvent] = []
        runs: list[PlaybackProgressedEvent] = []
        call.output.on("playback_started", starts.append)
        call.output.on("playback_progressed", runs.append)
        await call.is_live()
        await call.say(2.0)
        await call.played()

        [report] = call.reports
        assert (report.playback_position, report.interrupted) == (2.0, False)
        assert len(starts) == 1
        assert runs[0].offset == 0.0
        assert sum(run.duration for run in runs) == pytest.approx(2.0)


async def test_each_segment_has_its_own_report() -> None:
    """Segments that are captured while another one plays are included."""
    async with virtual_call(FAST) as call:
        for length in (0.5, 1.0, 1.5):
            await call.say(length)
        await call.played()

        assert [report.playback_position for report in call.reports] == [0.5, 1.0, 1.5]


async def test_a_cleared_buffer_finishes_every_segment_at_its_played_position() -> None:
    """Each captured segment gets one report; those after the first were heard for 0 s."""
    async with virtual_call(FAST) as call:
        await call.is_live()
        await call.say(5.0)
        await call.say(5.0)
        await call.until(lambda: output_of(call).played() > 1.0)
        call.output.clear_buffer()

        first, second = call.reports
        assert first.interrupted
        assert second.interrupted
        assert first.playback_position == pytest.approx(1.0, abs=0.1)
        assert second.playback_position == 0.0


async def test_speech_without_audio_is_not_a_segment() -> None:
    """A flush or a clear between two segments reports nothing."""
    async with virtual_call(FAST) as call:
        call.output.flush()
        call.output.clear_buffer()
        call.output.flush()
        await call.say(0.5)
        await call.played()

        assert len(call.reports) == 1


async def test_a_paused_segment_resumes_where_it_was() -> None:
    """All of it is heard once, and the pause is not counted."""
    async with virtual_call(FAST) as call:
        await call.is_live()
        await call.say(3.0)
        await call.until(lambda: output_of(call).played() > 1.0)
        call.output.pause()
        await asyncio.sleep(5.0)
        assert output_of(call).played() == pytest.approx(1.0, abs=0.1)
        call.output.resume()
        await call.played()

        [report] = call.reports
        assert (report.playback_position, report.interrupted) == (3.0, False)


async def test_cut_speech_resumes_at_the_start_of_a_word() -> None:
    """The TTS's word times come with the frames; sentences and words without times do not count."""
    async with virtual_call(FAST) as call:
        await call.is_live()
        for second in range(4):
            frame = rtc.AudioFrame(b"\x00\x20" * RATE, RATE, 1, RATE)
            frame.userdata[USERDATA_TIMED_TRANSCRIPT] = [
                TimedString("word", start_time=second + 0.1, end_time=second + 0.9),
                TimedString("a sentence", start_time=0.0, end_time=9.0),
                TimedString("untimed"),
            ]
            await call.output.capture_frame(frame)
        call.output.flush()
        await call.until(lambda: output_of(call).played() > 1.5)
        call.output.pause()
        call.output.resume()
        await call.played()

        heard = sum(end - begin for begin, end, _, _ in call.spans())
        # From 1.5 s back to the word's start at 1.1 s.
        assert heard == pytest.approx(4.0 + 0.4, abs=0.1)


async def test_a_source_that_is_ten_minutes_ahead_waits() -> None:
    """The buffer is bounded."""
    async with virtual_call(FAST) as call:
        await call.is_live()
        began = call.now
        for _ in range(11 * 60):
            await call.output.capture_frame(rtc.AudioFrame(b"\x00\x20" * RATE, RATE, 1, RATE))
        waited = call.now - began
        call.output.clear_buffer()

        assert waited == pytest.approx(60.0, abs=2.0)


async def test_resampled_audio_is_complete() -> None:
    """The resampler's remainder at a segment's end is part of the segment."""
    async with virtual_call(FAST) as call:
        for _ in range(50):
            await call.output.capture_frame(rtc.AudioFrame(b"\x00\x20" * 960, 48_000, 1, 960))
        call.output.flush()
        report = await call.played()

        assert report.playback_position == pytest.approx(1.0, abs=0.002)
        assert not report.interrupted


async def test_after_the_avatars_end_speech_is_reported_as_not_heard() -> None:
    """The framework does not wait for its playback."""
    async with virtual_call(FAST) as call:
        await call.avatar.aclose()
        await call.say(1.0)
        report = await call.played()

        assert (report.playback_position, report.interrupted) == (0.0, True)
