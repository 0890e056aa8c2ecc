"""The caller's own TTS and speech-to-text: the stand-ins for ElevenLabs and Deepgram, over the vendors' HTTP APIs."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, Final

import numpy as np

from demo.call.levels import RATE_HZ, Samples, trim
from demo.errors import DemoError

if TYPE_CHECKING:
    import aiohttp

STAND_IN_KEY: Final = "stand-in"
VOICE: Final = "caller"


@dataclass(frozen=True, slots=True)
class StandIns:
    """TTS and speech-to-text that are independent of the agent's vendors, which are measured.

    Attributes:
        http: The session for the requests.
        url: Address of the stand-ins, such as `http://127.0.0.1:7900`.
    """

    http: aiohttp.ClientSession
    url: str

    async def speak(self, text: str) -> Samples:
        """Return the text as speech, without quiet before and after."""
        url = f"{self.url}/elevenlabs/v1/text-to-speech/{VOICE}"
        query = {"output_format": f"pcm_{RATE_HZ}"}
        headers = {"xi-api-key": STAND_IN_KEY}
        async with self.http.post(url, params=query, headers=headers, json={"text": text}) as response:
            body = await _body(response, "ElevenLabs")
        return trim(np.frombuffer(body, np.int16))

    async def recognise(self, samples: Samples) -> str:
        """Return the words in some speech; empty if there is no sound."""
        if not len(trim(samples)):
            return ""
        url = f"{self.url}/deepgram/v1/listen"
        query = {"encoding": "linear16", "sample_rate": str(RATE_HZ), "channels": "1"}
        headers = {"Authorization": f"Token {STAND_IN_KEY}", "Content-Type": "audio/raw"}
        # Not as bytes: aiohttp warns of more than a megabyte in one piece.
        speech = BytesIO(samples.tobytes())
        async with self.http.post(url, params=query, headers=headers, data=speech) as response:
            await _body(response, "Deepgram")
            answer = await response.json()
        words: str = answer["results"]["channels"][0]["alternatives"][0]["transcript"]
        return words


async def _body(response: aiohttp.ClientResponse, vendor: str) -> bytes:
    body = await response.read()
    if response.status != HTTPStatus.OK:
        message = f"The stand-in for {vendor} answered {response.status}: {body[:200].decode(errors='replace')}"
        raise DemoError(message)
    return body
