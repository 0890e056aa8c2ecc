"""A text as the stand-in for ElevenLabs speaks it: the length of its audio, and the time of each word."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

import aiohttp

BYTES_PER_SECOND = 48_000


@dataclass(frozen=True, slots=True)
class Narration:
    """A text, spoken.

    Attributes:
        text: The spoken text.
        audio_bytes: Bytes of all its audio: PCM16, 24 kHz, mono.
        word_starts: Second at which each word begins.
    """

    text: str
    audio_bytes: int
    word_starts: list[float]

    @property
    def longest_word(self) -> float:
        """Longest time in seconds from a word to the next; a pause between sentences counts with the word before it."""
        ends = [*self.word_starts[1:], self.audio_bytes / BYTES_PER_SECOND]
        return max(end - start for start, end in zip(self.word_starts, ends, strict=True))


async def narrate(stand_ins_url: str, text: str) -> Narration:
    """Let the agent's voice speak the text."""
    url = f"{stand_ins_url}/elevenlabs/v1/text-to-speech/agent/stream-input"
    query, key = {"output_format": "pcm_24000", "auto_mode": "true"}, {"xi-api-key": "stand-in"}
    audio_bytes, characters, starts_ms = 0, "", list[int]()
    async with aiohttp.ClientSession() as http, http.ws_connect(url, params=query, headers=key) as socket:
        await socket.send_json({"text": f"{text} "})
        await socket.send_json({"text": ""})
        while not (message := await socket.receive_json())["isFinal"]:
            audio_bytes += len(base64.b64decode(message["audio"]))
            if (alignment := message["alignment"]) is not None:
                characters += "".join(alignment["chars"])
                starts_ms += alignment["charStartTimesMs"]
    words = re.finditer(r"\S+", characters)
    return Narration(text, audio_bytes, [starts_ms[word.start()] / 1000 for word in words])
