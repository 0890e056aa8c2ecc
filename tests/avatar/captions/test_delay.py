"""The delay between the service's report of speech and the sound of the avatar."""

import asyncio
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from livekit import rtc

from avatar.captions.delay import Beginnings, DelayMeter, onset
from avatar.link.sound import AvatarSound
from tests.avatar.virtual_room import VirtualRoom

LOUD, SILENT = 8_000, 20


def hear(beginnings: Beginnings, since: float, until: float, level: int) -> None:
    """Take frames of 20 ms."""
    for at in np.arange(since, until, 0.02):
        beginnings.hear(level, float(at))


def test_a_beginning_is_measured_from_the_report_to_the_sound() -> None:
    """The first sound after silence, and after the report, is the one that was reported."""
    beginnings = Beginnings()
    hear(beginnings, 0.0, 1.0, SILENT)
    beginnings.tell(1.0, 1.0)
    hear(beginnings, 1.0, 1.2, SILENT)
    hear(beginnings, 1.2, 3.0, LOUD)

    assert beginnings.delays == [pytest.approx(0.2)]


def test_the_end_of_earlier_speech_is_not_a_beginning() -> None:
    """Sound that continues for more than a second belongs to earlier speech; the sound after the silence counts."""
    beginnings = Beginnings()
    hear(beginnings, 0.0, 1.5, LOUD)
    beginnings.tell(1.5, 1.5)
    hear(beginnings, 1.5, 1.6, LOUD)
    hear(beginnings, 1.6, 1.8, SILENT)
    hear(beginnings, 1.8, 2.5, LOUD)

    assert beginnings.delays == [pytest.approx(0.3)]


@pytest.mark.parametrize("late", [0.04, 0.1, 0.5])
def test_a_sound_before_the_report_has_no_delay(late: float) -> None:
    """Three answers are heard before they are reported: a pause between words is not taken for the beginning."""
    beginnings = Beginnings()
    for start in (10.0, 20.0, 30.0):
        hear(beginnings, start, start + late, LOUD)
        beginnings.tell(start + late, start + late)
        hear(beginnings, start + late, start + 0.9, LOUD)
        hear(beginnings, start + 0.9, start + 1.05, SILENT)
        hear(beginnings, start + 1.05, start + 3.0, LOUD)

    assert beginnings.delays == [0.0, 0.0, 0.0]


def test_a_sound_that_begins_with_silence_is_expected_after_it() -> None:
    """The report says when the first sound is due, which may be later than the report itself."""
    beginnings = Beginnings()
    beginnings.tell(1.4, 1.0)
    hear(beginnings, 1.5, 2.0, LOUD)

    assert beginnings.delays == [pytest.approx(0.1)]


@pytest.mark.parametrize("late", [2.5, 60.0])
def test_a_sound_that_comes_much_later_gives_no_delay(late: float) -> None:
    """Neither the late sound nor the next one without a report gives a delay."""
    beginnings = Beginnings()
    beginnings.tell(1.0, 1.0)
    hear(beginnings, 1.0 + late, 1.5 + late, LOUD)
    hear(beginnings, 2.0 + late, 2.5 + late, LOUD)

    assert beginnings.delays == []


def test_the_silence_before_the_first_sound_is_measured() -> None:
    """TTS audio begins with some silence, which is not part of the delay."""
    assert onset(bytes(2 * 2_400) + b"\x00\x20" * 100) == 0.1
    assert onset(bytes(2 * 2_400)) is None
    assert onset(b"") is None


class Stream:
    """The avatar's sound: frames of 20 ms, one level per frame.

    Args:
        levels: Of the frames.
    """

    def __init__(self, levels: list[int]) -> None:
        self.levels = levels
        self.left = len(levels)
        self.is_closed = False

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> Any:
        if not self.left:
            await asyncio.Event().wait()
        await asyncio.sleep(0.02)
        self.left -= 1
        pcm = self.levels[-self.left - 1].to_bytes(2, "little") * 480
        return SimpleNamespace(frame=rtc.AudioFrame(pcm, 24_000, 1, 480))

    async def aclose(self) -> None:
        self.is_closed = True


class Sound(AvatarSound):
    """A sound whose track plays a script; counts how often it was received."""

    def __init__(self, room: rtc.Room) -> None:
        super().__init__(room, lambda _: True, self._note)
        self.enabled: list[bool] = []

    def _note(self, _: object, *, enabled: bool) -> None:
        self.enabled.append(enabled)

    def track(self, identity: str) -> Any:
        return SimpleNamespace(kind=rtc.TrackKind.KIND_AUDIO) if identity == "face" else None


@pytest.mark.looptime
async def test_the_meter_returns_the_median_and_needs_no_sound_after_three_beginnings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Sound is received from a segment's first chunk to its first sound, which may be before the report."""
    made: list[Stream] = []

    def stream(**_: object) -> Stream:
        made.append(Stream([SILENT] * 25 + [LOUD] * 25))
        return made[-1]

    monkeypatch.setattr(rtc.AudioStream, "from_track", stream)
    room = VirtualRoom()
    room.come("face", object())
    sound, beginnings, measured = Sound(room), Beginnings(), list[float]()
    meter = DelayMeter(sound, "face", beginnings, measured.append)
    loop = asyncio.get_running_loop()
    for report_after in (0.45, 0.6, 0.3, 0.5):
        meter.expect()
        meter.expect()
        await asyncio.sleep(report_after)
        beginnings.tell(loop.time(), loop.time())
        await asyncio.sleep(5.0)
    await meter.aclose()

    early, at_once, late = sorted(beginnings.delays)
    assert early == 0.0
    assert at_once == pytest.approx(0.07, abs=0.01)
    assert late == pytest.approx(0.22, abs=0.01)
    assert measured == [at_once, pytest.approx(at_once / 2), at_once]
    assert [each.is_closed for each in made] == [True] * 3
    assert all(each.left > 15 for each in made)
    assert sound.enabled == [True, False] * 3


@pytest.mark.looptime
@pytest.mark.parametrize("identity", ["face", "not there"])
async def test_a_sound_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, identity: str) -> None:
    """When the fallback track speaks or the avatar has left, the next segment is tried."""
    monkeypatch.setattr(rtc.AudioStream, "from_track", lambda **_: Stream([SILENT] * 10))
    room = VirtualRoom()
    room.come("face", object())
    sound = Sound(room)
    meter = DelayMeter(sound, identity, Beginnings(), lambda _: None)
    for _ in range(2):
        meter.expect()
        await asyncio.sleep(7.0)
    await meter.aclose()

    assert sound.enabled == ([True, False] * 2 if identity == "face" else [])
