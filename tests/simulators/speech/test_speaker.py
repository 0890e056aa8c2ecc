"""espeak-ng in its own process."""

import asyncio
import errno
import os
import signal
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from simulators.speech import Speaker, Speech, SpeechError, load_voices
from simulators.speech.child import ChildProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = "Hello, can you hear me?"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def speaker() -> AsyncIterator[Speaker]:
    """Yield one speaker for all tests here."""
    async with Speaker() as speaker:
        yield speaker


async def test_synthesise_gives_sound_from_start_to_end(speaker: Speaker) -> None:
    """A sentence is a second or two of sound at the requested rate."""
    speech = await speaker.synthesise(HELLO, voice="agent", rate_hz=24000)

    samples = np.frombuffer(speech.pcm, np.int16)
    assert speech.rate_hz == 24000
    assert 1.0 < len(samples) / 24000 < 3.0
    assert np.abs(samples).max() > 5000


async def test_words_are_in_order_and_within_the_sound(speaker: Speaker) -> None:
    """Every word of the text has its time in order, numbers and apostrophes included."""
    speech = await speaker.synthesise("It's 24 degrees, don't worry.", voice="agent")

    assert [word.text for word in speech.words] == ["It's", "24", "degrees,", "don't", "worry."]
    times = [time for word in speech.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] == pytest.approx(len(speech.pcm) / 48000, abs=0.05)
    assert all(word.start < word.end for word in speech.words)


async def test_a_rate_changes_only_the_rate(speaker: Speaker) -> None:
    """The same text lasts as long at any rate: nothing is lost at the ends."""
    lengths = {
        rate: len((await speaker.synthesise(HELLO, voice="caller", rate_hz=rate)).pcm) / (2 * rate)
        for rate in (16000, 22050, 24000, 44100)
    }

    assert max(lengths.values()) - min(lengths.values()) < 0.001


@pytest.mark.parametrize("voice", load_voices())
async def test_every_voice_of_the_table_speaks(speaker: Speaker, voice: str) -> None:
    """Each entry of voices.json is a voice that espeak-ng has."""
    assert (await speaker.synthesise("one", voice=voice)).pcm


async def test_voices_differ(speaker: Speaker) -> None:
    """Agent and caller differ much in pitch."""
    pitches = {
        voice: _pitch(await speaker.synthesise("aaaah", voice=voice, rate_hz=16000)) for voice in ("agent", "caller")
    }

    assert pitches["agent"] > 1.4 * pitches["caller"]


def _pitch(speech: Speech) -> float:
    samples = np.frombuffer(speech.pcm, np.int16).astype(np.float64)
    middle = samples[len(samples) // 4 : len(samples) // 2]
    correlation = np.correlate(middle, middle, "full")[len(middle) :]
    shortest, longest = 16000 // 350, 16000 // 70
    return 16000 / (shortest + int(correlation[shortest:longest].argmax()) + 1)


async def test_simultaneous_texts_do_not_mix(speaker: Speaker) -> None:
    """Many tasks may ask at the same time; each gets its own text."""
    texts = ["one", "two words", "here are three"]
    speeches = await asyncio.gather(*(speaker.synthesise(text, voice="agent") for text in texts))

    assert [" ".join(word.text for word in speech.words) for speech in speeches] == texts


async def test_a_cancelled_text_leaves_the_next_one_whole(speaker: Speaker) -> None:
    """A cancelled text leaves nothing in the pipe."""
    waiting = asyncio.create_task(speaker.synthesise(HELLO * 20, voice="agent"))
    await asyncio.sleep(0)
    waiting.cancel()

    speech = await speaker.synthesise("one", voice="agent")

    assert [word.text for word in speech.words] == ["one"]


async def test_a_killed_process_is_started_again(speaker: Speaker) -> None:
    """A new process speaks the text during which it died."""
    killed = speaker.pid
    assert killed
    os.kill(killed, signal.SIGKILL)

    speech = await speaker.synthesise("one", voice="agent")

    assert speech.pcm
    assert speaker.pid not in (None, killed)


async def test_an_unknown_voice_is_refused(speaker: Speaker) -> None:
    """A voice that is not in the table is the caller's error, and espeak-ng is not asked."""
    with pytest.raises(KeyError):
        await speaker.synthesise("one", voice="nobody")


async def test_asking_before_the_start_fails() -> None:
    """A speaker that was not started says so."""
    with pytest.raises(SpeechError, match="espeak-ng is not running"):
        await Speaker().synthesise("one", voice="agent")


async def test_a_process_that_cannot_start_says_why() -> None:
    """A program that can't run is an error at the start, with its name."""
    with pytest.raises(SpeechError, match=r"nothing could not be started with .* -m simulators.nothing"):
        await ChildProcess("simulators.nothing", name="nothing").start()


async def test_a_process_that_can_not_restart_fails_only_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptor is left to restart a dead process: that text fails, the next one is spoken."""
    async with Speaker() as speaker:
        assert speaker.pid is not None
        os.kill(speaker.pid, signal.SIGKILL)
        with monkeypatch.context() as patch:
            patch.setattr("asyncio.create_subprocess_exec", _no_room)
            with pytest.raises(SpeechError, match="died twice"):
                async with asyncio.timeout(10):
                    await speaker.synthesise("one", voice="agent")

        async with asyncio.timeout(30):
            assert (await speaker.synthesise("one", voice="agent")).pcm


async def _no_room(*_: object, **__: object) -> None:
    raise OSError(errno.EMFILE, "too many open files")
