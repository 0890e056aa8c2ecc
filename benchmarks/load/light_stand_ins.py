"""`python -m benchmarks.load.light_stand_ins`: stand-ins that leave the machine to the workers.

They follow the vendors' protocols as the other stand-ins do, without their heavy parts: no speech is recognised, each
text is spoken as a piece of the same sound, and the avatar's picture is small and still.
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from aiohttp import web
from livekit import rtc

from simulators import deepgram, elevenlabs, liveavatar, openai
from simulators.liveavatar.room import LiveKitRoom
from simulators.speech import RecognisedWord, Recogniser, Recognition, Speaker, Speech, Word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulators.liveavatar.model.player import AgentState
    from simulators.liveavatar.room import Invitation
    from simulators.portrait import Mouth

KEY: Final = "stand-in"

# The transcript of every utterance; the stand-in for the language model has a short answer to it.
QUESTION: Final = "what can you do"

# Seconds of speech for a word.
_WORD: Final = 0.3

# Sessions at a time: many, so that the machine is the limit, not the account.
_SLOTS: Final = 1000

_WIDTH, _HEIGHT = 160, 90

# Only every fifth picture of a drawn face is shown.
_EVERY: Final = 5


class NoRecogniser(Recogniser):
    """A recogniser that takes every utterance for the same question."""

    async def start(self) -> None:
        """Start nothing."""

    async def recognise(self, pcm: bytes, rate_hz: int) -> Recognition:
        """Return the question, spread over the utterance."""
        end = len(pcm) / 2 / rate_hz
        texts = QUESTION.split()
        words = [
            RecognisedWord(text, end * number / len(texts), end * (number + 1) / len(texts), 1.0)
            for number, text in enumerate(texts)
        ]
        return Recognition(QUESTION, 1.0, words, "demo")


class OneSound(Speaker):
    """A speaker that speaks each text as a piece of the same sound, in proportion to its number of words."""

    async def start(self) -> None:
        """Start nothing."""

    async def synthesise(self, text: str, *, voice: str, rate_hz: int = 24000) -> Speech:
        """Return the sound."""
        del voice
        words = list(_words(text))
        time = np.arange(int(len(words) * _WORD * rate_hz)) / rate_hz
        sound = np.sin(2 * np.pi * 220 * time) * 8000
        return Speech(sound.astype(np.int16).tobytes(), rate_hz, words)


class StillRoom(LiveKitRoom):
    """A room with a small, grey picture."""

    def __init__(self, invitation: Invitation) -> None:
        super().__init__(replace(invitation, width=_WIDTH, height=_HEIGHT))
        self._picture = rtc.VideoFrame(_WIDTH, _HEIGHT, rtc.VideoBufferType.RGBA, bytes([128]) * _WIDTH * _HEIGHT * 4)
        self._asked = 0

    async def show(self, seconds: float, mouth: Mouth, mood: AgentState) -> None:
        """Send the picture once in a while."""
        del seconds, mouth, mood
        if self._asked % _EVERY == 0:
            self._video.capture_frame(self._picture)
        self._asked += 1


def create_app() -> web.Application:
    """Create all stand-ins, each under its vendor's name, as `STAND_INS_URL` requires."""
    app = web.Application()
    app.router.add_get("/", _answer)
    habits = liveavatar.Habits(speech_starts_after=0.7, concurrency=_SLOTS)
    app.add_subapp("/deepgram", deepgram.create_app(NoRecogniser(), api_key=KEY))
    app.add_subapp("/elevenlabs", elevenlabs.create_app(OneSound(), api_key=KEY, first_byte=0.25))
    app.add_subapp("/openai", openai.create_app(api_key=KEY, first_token=0.35))
    app.add_subapp(
        "/liveavatar", liveavatar.create_app(liveavatar.Options(api_key=KEY, habits=habits), open_room=StillRoom)
    )
    return app


def _words(text: str) -> Iterator[Word]:
    for number, word in enumerate(text.split()):
        yield Word(word, number * _WORD, (number + 1) * _WORD)


async def _answer(_: web.Request) -> web.Response:
    return web.Response()


def main() -> None:
    """Serve on loopback until a signal arrives."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load.light_stand_ins")
    parser.add_argument("--port", type=int, required=True)
    web.run_app(
        create_app(), host="127.0.0.1", port=parser.parse_args().port, print=None, loop=asyncio.new_event_loop()
    )


if __name__ == "__main__":
    main()
