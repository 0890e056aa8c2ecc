"""pocketsphinx, which holds the interpreter lock, in its own process: `python -m simulators.speech.sphinx`."""

from __future__ import annotations

import math
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from pocketsphinx import Decoder
from pocketsphinx.lm import ArpaBoLM

from simulators.speech.audio import SAMPLE_BYTES
from simulators.speech.frames import Frame, serve
from simulators.speech.phrases import load_phrases, load_pronunciations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SAMPLE_RATE_HZ = 16000
_FRAMES_PER_SECOND = 100
_MARGIN = 0.2  # seconds on both sides: the models expect an utterance to begin and end in silence
_ROOM_NOISE = 10  # amplitude; digital silence upsets the mean normalisation, and every other word is lost
_ALTERNATE = re.compile(r"\(\d+\)$")  # "the(2)" is the dictionary's second pronunciation of "the"
_NO_WORD = re.compile(r"[<\[+]")  # "<sil>", "[NOISE]"

# Score per second that only the demo's phrases reach: 36 other sentences had -0.45 at most, and four of five phrases of
# the demo had more than this.
_CERTAIN = -0.41

# Mean confidence below which audio counts as noise: noises were taken for words with 0.27 at most, and for a lone word
# of general English with 0.71; the worst of 10 recognised phrases, a lone "no" of the demo's, had 0.40.
_LEAST_CONFIDENCE = 0.3
_LEAST_CONFIDENCE_ALONE = 0.75

# Batch mean normalisation: the live kind spoils the first utterances of a call.
_SETTINGS = {"loglevel": "FATAL", "samprate": SAMPLE_RATE_HZ, "cmn": "batch"}


class _Word(NamedTuple):
    text: str
    start: float
    end: float
    confidence: float


class _Hypothesis(NamedTuple):
    words: list[_Word]
    score: float  # logarithm of the probability, -inf without words
    model: Literal["demo", "open"]


class TwoDecoders:
    """A decoder for the demo's phrases and one for general English; the better score wins.

    For the demo's phrases the small model is nearly always right, while the open one guesses at synthetic speech; for
    other speech the open one scores better, so a caller may say anything. The open one takes four times as long, so it
    is not used when the demo's fits well.
    """

    def __init__(self) -> None:
        self._open = Decoder(**_SETTINGS)
        self._demo = Decoder(**_SETTINGS, lm=None)
        _teach(self._demo, load_phrases(), load_pronunciations())

    def recognise(self, pcm: bytes) -> Frame:
        """Recognise one utterance of 16 kHz PCM."""
        pcm_in_room = _in_room(pcm)
        best = _decode(self._demo, pcm_in_room, "demo")
        if best.score < _CERTAIN * len(pcm_in_room) / (SAMPLE_BYTES * SAMPLE_RATE_HZ):
            best = max(best, _decode(self._open, pcm_in_room, "open"), key=lambda hypothesis: hypothesis.score)
        return Frame({"words": [] if _is_noise(best) else best.words, "model": best.model})


def _is_noise(hypothesis: _Hypothesis) -> bool:
    """Return whether the words are only noise: a decoder finds words in everything, even in a cough."""
    if not hypothesis.words:
        return True
    is_guess = len(hypothesis.words) == 1 and hypothesis.model == "open"
    confidence = sum(word.confidence for word in hypothesis.words) / len(hypothesis.words)
    return confidence < (_LEAST_CONFIDENCE_ALONE if is_guess else _LEAST_CONFIDENCE)


def _teach(decoder: Decoder, phrases: list[str], pronunciations: dict[str, str]) -> None:
    """Make the decoder expect only these phrases."""
    for word, phones in pronunciations.items():
        if decoder.lookup_word(word) is None:
            decoder.add_word(word, phones, update=False)
    unknown = sorted({word for phrase in phrases for word in phrase.split() if decoder.lookup_word(word) is None})
    if unknown:
        message = f"words of phrases.txt without a pronunciation: {', '.join(unknown)}; add them to pronunciations.txt"
        raise LookupError(message)
    model = ArpaBoLM(text="\n".join(phrases), add_start=True)
    model.compute()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "demo.arpa")
        with path.open("w") as file:
            model.write(file)
        decoder.add_lm_file("demo", str(path))
    decoder.activate_search("demo")


def _in_room(pcm: bytes) -> bytes:
    """Add a margin on both sides, and noise, since no room is quite silent."""
    samples = np.pad(np.frombuffer(pcm, np.int16), round(_MARGIN * SAMPLE_RATE_HZ)).astype(np.float32)
    noise = np.random.default_rng(0).normal(0.0, _ROOM_NOISE, samples.size)
    return np.clip(samples + noise, -32768, 32767).astype(np.int16).tobytes()


def _decode(decoder: Decoder, pcm: bytes, model: Literal["demo", "open"]) -> _Hypothesis:
    decoder.start_utt()
    decoder.process_raw(pcm, no_search=False, full_utt=True)
    decoder.end_utt()
    best = decoder.hyp()
    words = list(_words(decoder)) if best and best.hypstr else []
    return _Hypothesis(words, math.log(best.score) if words and best.score else -math.inf, model)


def _words(decoder: Decoder) -> Iterator[_Word]:
    for segment in decoder.seg():
        if not _NO_WORD.match(segment.word):
            start, end = _seconds(segment.start_frame), _seconds(segment.end_frame + 1)
            yield _Word(_ALTERNATE.sub("", segment.word), start, end, min(1.0, segment.prob))


def _seconds(frame: int) -> float:
    return max(0.0, round(frame / _FRAMES_PER_SECOND - _MARGIN, 2))


def _start() -> Callable[[Frame], Frame]:
    decoders = TwoDecoders()
    return lambda question: decoders.recognise(question.payload)


if __name__ == "__main__":
    serve(_start)
