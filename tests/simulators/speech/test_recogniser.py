"""pocketsphinx in its own process."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator

import numpy as np
import pytest
import pytest_asyncio

from benchmarks.turns.noise import wordless_voice
from demo.call.levels import RATE_HZ
from simulators.speech import Recogniser, Recognition, Speaker

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def speaker() -> AsyncIterator[Speaker]:
    """Yield one speaker for all tests here."""
    async with Speaker() as speaker:
        yield speaker


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def recogniser() -> AsyncIterator[Recogniser]:
    """Yield one recogniser for all tests here."""
    async with Recogniser() as recogniser:
        yield recogniser


async def _hear(speaker: Speaker, recogniser: Recogniser, text: str, voice: str = "caller") -> Recognition:
    speech = await speaker.synthesise(text, voice=voice)
    return await recogniser.recognise(speech.pcm, speech.rate_hz)


@pytest.mark.parametrize(
    "text",
    [
        "hello can you hear me",
        "what is the weather like in paris tomorrow",
        "what time is it in tokyo",
        "tell me a story",
        "stop please",
        "wait a moment",
        "thank you goodbye",
        "who are you",
        "book a table for two",
    ],
)
async def test_a_caller_is_understood_word_for_word(speaker: Speaker, recogniser: Recogniser, text: str) -> None:
    """The demo's model recognises a caller's sentences exactly."""
    recognition = await _hear(speaker, recogniser, text)

    assert (recognition.text, recognition.model) == (text, "demo")
    assert 0.5 < recognition.confidence <= 1.0


@pytest.mark.parametrize(
    "text",
    [
        "every night it turned on the big light so that the ships could find their way home",
        "it will be sunny in paris tomorrow with twenty one degrees",
        "yes i can hear you well",
    ],
)
async def test_the_agent_is_understood(speaker: Speaker, recogniser: Recogniser, text: str) -> None:
    """A listener recognises the avatar's answers as well."""
    assert (await _hear(speaker, recogniser, text, voice="agent")).text == text


@pytest.mark.parametrize("lost", [0.0, 0.1, 0.2])
async def test_a_noise_gives_no_words(recogniser: Recogniser, lost: float) -> None:
    """A noise gives no words, even if a piece of it was lost on the way."""
    noise = np.pad(wordless_voice(), (RATE_HZ // 5, 0))
    noise[round(1.1 * RATE_HZ) : round((1.1 + lost) * RATE_HZ)] = 0

    assert (await recogniser.recognise(noise.tobytes(), RATE_HZ)).text == ""


async def test_other_speech_goes_to_the_open_model(speaker: Speaker, recogniser: Recogniser) -> None:
    """Other sentences are not mapped to a demo phrase."""
    recognition = await _hear(speaker, recogniser, "the quick brown fox jumps over the lazy dog")

    assert recognition.model == "open"
    assert "the quick brown fox" in recognition.text


async def test_words_have_their_times(speaker: Speaker, recogniser: Recogniser) -> None:
    """Times are seconds of the given audio, in order."""
    speech = await speaker.synthesise("tell me a story", voice="caller")
    recognition = await recogniser.recognise(speech.pcm, speech.rate_hz)

    assert [word.text for word in recognition.words] == ["tell", "me", "a", "story"]
    times = [time for word in recognition.words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert times[-1] <= len(speech.pcm) / 48000 + 0.1


async def test_silence_gives_no_text(recogniser: Recogniser) -> None:
    """Silence gives an empty text, not an error."""
    recognition = await recogniser.recognise(bytes(32000), 16000)

    assert (recognition.text, recognition.confidence, recognition.words) == ("", 0.0, [])


async def test_no_audio_gives_no_text(recogniser: Recogniser) -> None:
    """No samples give an empty text as well."""
    assert (await recogniser.recognise(b"", 16000)).text == ""


async def test_simultaneous_utterances_do_not_mix(speaker: Speaker, recogniser: Recogniser) -> None:
    """Many tasks may ask at the same time; each gets its own text."""
    texts = ["tell me a story", "wait a moment", "stop please"]

    heard = await asyncio.gather(*(_hear(speaker, recogniser, text) for text in texts))

    assert [recognition.text for recognition in heard] == texts


async def test_a_process_killed_while_it_listens_is_started_again(speaker: Speaker, recogniser: Recogniser) -> None:
    """The next process recognises the utterance during which it died."""
    killed = recogniser.pid
    assert killed
    heard = asyncio.create_task(_hear(speaker, recogniser, "tell me a story"))
    await asyncio.sleep(0)
    os.kill(killed, signal.SIGKILL)

    assert (await heard).text == "tell me a story"
    assert recogniser.pid not in (None, killed)
