"""The caller's microphone without a room: what it feeds, and how far ahead."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from demo.call.levels import RATE_HZ
from demo.call.microphone import Microphone

if TYPE_CHECKING:
    from livekit import rtc

    from demo.call.levels import Samples


class Participant:
    """Takes any track."""

    async def publish_track(self, *_: Any) -> None:
        """Publish nothing."""


ROOM = cast("rtc.Room", SimpleNamespace(local_participant=Participant()))


async def test_a_caller_who_stalls_for_a_tenth_of_a_second_leaves_no_gap() -> None:
    """The track has more than that in its queue, since the process of a caller on a busy machine stalls."""
    ahead: list[float] = []
    microphone = Microphone(lambda _, ends_at: ahead.append(ends_at - time.monotonic()))
    await microphone.publish(ROOM)
    while len(ahead) < 10:  # noqa: ASYNC110 - a microphone has no event
        await asyncio.sleep(0.01)
    await microphone.aclose()

    assert max(ahead) > 0.1


async def test_speech_is_fed_whole_between_silence() -> None:
    """The samples are the speech's, in order, and the last window is filled up with silence."""
    fed: list[Samples] = []
    microphone = Microphone(lambda samples, _: fed.append(samples))
    await microphone.publish(ROOM)
    speech = np.arange(1, RATE_HZ // 5 + 8, dtype=np.int16)
    await microphone.say(speech)
    while fed[-1].any() or not np.concatenate(fed).any():  # noqa: ASYNC110 - a microphone has no event
        await asyncio.sleep(0.01)
    await microphone.aclose()

    sent = np.concatenate(fed)
    assert sent[sent != 0].tolist() == speech.tolist()
